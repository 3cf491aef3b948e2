import { type FileSystem, FileSystemError } from '../file-system.ts';
import { type Reply, ReplyError } from '../replies.ts';
import type { Session } from '../session.ts';
import { quotePath } from '../virtual-path.ts';
import { type Command, user } from './command.ts';

/** RFC 959, section 4.1.3; those that begin with X are their names of RFC 775. */
export const filesAndFoldersCommands: readonly (readonly [string, Command])[] = [
  ...['PWD', 'XPWD'].map((verb) => [verb, user(verb, async (session) => currentFolder(session))] as const),
  ...['CWD', 'XCWD'].map((verb) => [verb, user(`${verb} <SP> folder`, changeFolder)] as const),
  ...['CDUP', 'XCUP'].map(
    (verb) => [verb, user(verb, (session, _argument, files) => changeFolder(session, '..', files))] as const,
  ),
  ...['MKD', 'XMKD'].map((verb) => [verb, user(`${verb} <SP> folder`, makeFolder)] as const),
  ...['RMD', 'XRMD'].map((verb) => [verb, user(`${verb} <SP> folder`, removeFolder)] as const),
  ['DELE', user('DELE <SP> file', removeFile)],
  ['RNFR', user('RNFR <SP> path', renameFrom)],
  ['RNTO', user('RNTO <SP> path', renameTo)],
];

/** The path an argument names; the commands here mean nothing without one. */
function required(session: Session, argument: string): string {
  if (argument === '') throw new ReplyError(501, 'A path is needed.');
  return session.resolve(argument);
}

function currentFolder(session: Session): Reply {
  return { code: 257, text: `${quotePath(session.workingFolder)} is the current folder.` };
}

async function changeFolder(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const path = required(session, argument);
  const entry = await files.stat(path);
  if (entry.kind !== 'directory') throw new FileSystemError('not-a-directory', `${path} is not a folder.`);
  session.workingFolder = path;
  return { code: 250, text: `${quotePath(path)} is the current folder.` };
}

async function makeFolder(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const path = required(session, argument);
  await files.makeDirectory(path);
  session.record.changed('mkdir', { path });
  return { code: 257, text: `${quotePath(path)} was created.` };
}

async function removeFolder(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const path = required(session, argument);
  await files.removeDirectory(path);
  session.record.changed('rmdir', { path });
  return { code: 250, text: 'The folder was removed.' };
}

async function removeFile(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const path = required(session, argument);
  await files.removeFile(path);
  session.record.changed('delete', { path });
  return { code: 250, text: 'The file was removed.' };
}

async function renameFrom(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const from = required(session, argument);
  await files.stat(from);
  session.prepare({ kind: 'rename', from });
  return { code: 350, text: 'Give the new name with RNTO.' };
}

async function renameTo(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const preparation = session.takePreparation();
  if (preparation?.kind !== 'rename') return { code: 503, text: 'RNFR must come directly before RNTO.' };
  const to = required(session, argument);
  await files.rename(preparation.from, to);
  session.record.changed('rename', { path: preparation.from, to });
  return { code: 250, text: 'Renamed.' };
}
