import { type Entry, type FileSystem, FileSystemError } from '../file-system.ts';
import { formatFacts, formatTime, parseTime } from '../listing-format.ts';
import type { Reply } from '../replies.ts';
import type { Session } from '../session.ts';
import { type Command, user } from './command.ts';
import { statForResume } from './resume.ts';

/** RFC 3659 for SIZE, MDTM, MLST; draft-somers-ftp-mfxx-04 for MFMT; draft-bryan-ftpext-hash-02 for HASH. */
export const fileFactsCommands: readonly (readonly [string, Command])[] = [
  ['SIZE', user('SIZE <SP> file', size)],
  ['MDTM', user('MDTM <SP> path', modified)],
  ['MFMT', user('MFMT <SP> YYYYMMDDHHMMSS <SP> path', setModified)],
  ['MLST', user('MLST [<SP> path]', facts)],
  ['HASH', user('HASH <SP> file', hash)],
];

async function fileAt(path: string, files: FileSystem): Promise<Entry> {
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
  const path = session.resolve(name);
  await files.setModified(path, time);
  session.record.changed('modified', { path, modified: time });
  return { code: 213, text: `Modify=${formatTime(time)}; ${name}` };
}

async function facts(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const path = session.resolve(argument);
  const entry = await files.stat(path);
  return { code: 250, text: 'Facts:', lines: [formatFacts(entry, session.facts, path)] };
}

async function hash(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  if (!files.crc32) return { code: 502, text: 'HASH is not supported.' };
  const path = session.resolve(argument);
  const entry = await fileAt(path, files);
  const digits = (await files.crc32(path)).toString(16).padStart(8, '0');
  return { code: 213, text: `CRC32 0-${entry.size} ${digits} ${argument}` };
}
