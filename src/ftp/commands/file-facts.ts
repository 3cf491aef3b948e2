import { type Entry, type FileSystem, FileSystemError } from '../file-system.ts';
import { formatFacts, formatTime, parseTime } from '../listing-format.ts';
import type { Reply } from '../replies.ts';
import type { Session } from '../session.ts';
import { type Command, user } from './command.ts';
import { statForResume } from './resume.ts';

/** RFC 3659 for SIZE, MDTM, MLST; draft-somers-ftp-mfxx-04 for MFMT. */
export const fileFactsCommands: readonly (readonly [string, Command])[] = [
  ['SIZE', user('SIZE <SP> file', size)],
  ['MDTM', user('MDTM <SP> path', modified)],
  ['MFMT', user('MFMT <SP> YYYYMMDDHHMMSS <SP> path', setModified)],
  ['MLST', user('MLST [<SP> path]', facts)],
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

async function modified(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const entry = await statForResume(session.resolve(argument), files);
  return { code: 213, text: formatTime(entry.modified) };
}

async function setModified(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const space = argument.indexOf(' ');
  const time = space > 0 ? parseTime(argument.slice(0, space)) : undefined;
  const name = argument.slice(space + 1);
  if (!time || name === '') return { code: 501, text: 'MFMT needs a time as YYYYMMDDHHMMSS and a path.' };
  await files.setModified(session.resolve(name), time);
  return { code: 213, text: `Modify=${formatTime(time)}; ${name}` };
}

async function facts(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const path = session.resolve(argument);
  const entry = await files.stat(path);
  return { code: 250, text: 'Facts:', lines: [formatFacts(entry, session.facts, path)] };
}
