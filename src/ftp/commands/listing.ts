import { Readable } from 'node:stream';
import { type Entry, type FileSystem, FileSystemError } from '../file-system.ts';
import { formatFacts, formatLong, joinLines } from '../listing-format.ts';
import type { Reply } from '../replies.ts';
import type { Session } from '../session.ts';
import { type Command, user } from './command.ts';

/** RFC 959, section 4.1.3 for LIST and NLST, RFC 3659, section 7 for MLSD. */
export const listingCommands: readonly (readonly [string, Command])[] = [
  ['LIST', user('LIST [<SP> path]', list)],
  ['NLST', user('NLST [<SP> path]', listNames)],
  ['MLSD', user('MLSD [<SP> folder]', listFacts)],
];

function list(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  return sendLines(session, async () => (await listingLines(session, argument, files)).lines);
}

/** What LIST and STAT show of a path: a folder's entries, or the one file. */
export async function listingLines(
  session: Session,
  argument: string,
  files: FileSystem,
): Promise<{ kind: Entry['kind']; lines: Iterable<string> }> {
  const path = session.resolve(withoutFlags(argument));
  const entry = await files.stat(path);
  const entries = entry.kind === 'directory' ? await files.list(path) : [entry];
  const now = new Date();
  return { kind: entry.kind, lines: mapLazily(entries, (each) => formatLong(each, now)) };
}

/** Names that can be used as they are in the commands that follow (RFC 1123, section 4.1.2.7). */
function listNames(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  return sendLines(session, async () => {
    const asked = withoutFlags(argument);
    const path = session.resolve(asked);
    const entry = await files.stat(path);
    if (entry.kind === 'file') return [asked];
    const prefix =
      asked === '' || asked === '.' || asked.endsWith('/') ? asked.replace(/^\.$/, '') : `${asked}/`;
    return mapLazily(await files.list(path), (each) => prefix + each.name);
  });
}

function listFacts(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  return sendLines(session, async () => {
    const path = session.resolve(argument);
    const entry = await files.stat(path);
    if (entry.kind !== 'directory') throw new FileSystemError('not-a-directory', `${path} is not a folder.`);
    return mapLazily(await files.list(path), (each) => formatFacts(each, session.facts, each.name));
  });
}

/** Many clients pass the flags of `ls`, as in `LIST -al folder`; `--` ends them. */
function withoutFlags(argument: string): string {
  const match = /^(?:-[A-Za-z1]+(?: +|$))*(?:-- )?/.exec(argument);
  return argument.slice(match?.[0].length ?? 0);
}

function sendLines(session: Session, lines: () => Promise<Iterable<string>>): Promise<Reply> {
  return session.runTransfer(async (transfer) => {
    const text = Readable.from(joinLines(await lines()));
    await transfer.send(text, 'Here comes the listing.');
    return { code: 226, text: 'Listed.' };
  });
}

function* mapLazily(entries: readonly Entry[], format: (entry: Entry) => string): Generator<string> {
  for (const entry of entries) yield format(entry);
}
