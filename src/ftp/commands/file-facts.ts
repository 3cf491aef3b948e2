import { type Entry, type FileSystem, FileSystemError } from '../file-system.ts';
import { formatFacts } from '../listing-format.ts';
import type { Reply } from '../replies.ts';
import type { Session } from '../session.ts';
import { type Command, user } from './command.ts';
import { statForResume } from './resume.ts';

/** RFC 3659 for SIZE and MLST; draft-peterson-streamlined-ftp-command-extensions-10, section 4 for AVBL. */
export const fileFactsCommands: readonly (readonly [string, Command])[] = [
  ['SIZE', user('SIZE <SP> file', size)],
  ['MLST', user('MLST [<SP> path]', facts)],
  ['AVBL', user('AVBL [<SP> folder]', available)],
];

/** @throws FileSystemError where no file is */
export async function fileAt(path: string, files: FileSystem): Promise<Entry> {
  const entry = await files.stat(path);
  if (entry.kind !== 'file') throw new FileSystemError('is-a-directory', `${path} is a folder.`);
  return entry;
}

async function size(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const path = session.resolve(argument);
  const entry = await statForResume(path, files);
  if (entry.kind !== 'file') throw new FileSystemError('is-a-directory', `${path} is a folder.`);
  return { code: 213, text: String(entry.size) };
}

async function facts(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const path = session.resolve(argument);
  const entry = await files.stat(path);
  return { code: 250, text: 'Facts:', lines: [formatFacts(entry, session.facts, path, files)] };
}

/** Bytes that can be stored below a folder. */
async function available(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const path = session.resolve(argument);
  const entry = await files.stat(path);
  if (entry.kind !== 'directory') throw new FileSystemError('not-a-directory', `${path} is not a folder.`);
  const bytes = files.readOnly ? 0 : await files.freeBytes?.(path);
  if (bytes === undefined) return { code: 504, text: 'How much space is left is not known here.' };
  return { code: 213, text: String(bytes) };
}
