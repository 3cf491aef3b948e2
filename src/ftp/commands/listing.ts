import { Readable } from 'node:stream';
import { type Entry, type FileSystem, FileSystemError } from '../file-system.ts';
import { formatFacts, formatLong, joinLines } from '../listing-format.ts';
import type { Reply } from '../replies.ts';
import type { Session } from '../session.ts';
import { nameOf } from '../virtual-path.ts';
import { expandWildcards, hasWildcards, type Match } from '../wildcards.ts';
import { type Command, user } from './command.ts';

/**
 * RFC 959, section 4.1.3 for LIST and NLST, RFC 3659, section 7 for MLSD. All take patterns of names, LIST and NLST also
 * the flags of `ls`. Of these only `-d` changes anything: everything is always shown, sorted by
 * name, and never recursively (as with vsftpd, a client that wants a whole tree asks for each folder).
 */
export const listingCommands: readonly (readonly [string, Command])[] = [
  ['LIST', user('LIST [<SP> path]', list)],
  ['NLST', user('NLST [<SP> path]', listNames)],
  ['MLSD', user('MLSD [<SP> folder]', listFacts)],
];

function list(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  return sendLines(session, async () => (await listingLines(session, argument, files)).lines);
}

/** What LIST and STAT show of a path: a folder's entries, the one file, or all that a pattern names. */
export async function listingLines(
  session: Session,
  argument: string,
  files: FileSystem,
): Promise<{ kind: Entry['kind']; lines: Iterable<string> }> {
  const now = new Date();
  const { kind, names } = await listed(session, argument, files);
  return { kind, lines: mapLazily(names, ([name, entry]) => formatLong(entry, now, name)) };
}

/** Names that can be used as they are in the commands that follow (RFC 1123, section 4.1.2.7). */
function listNames(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  return sendLines(session, async () => {
    const { asked } = withoutFlags(argument);
    const { kind, isContent, names } = await listed(session, argument, files);
    if (kind === 'file') return [asked];
    if (!isContent) return mapLazily(names, ([name]) => name);
    const prefix =
      asked === '' || asked === '.' || asked.endsWith('/') ? asked.replace(/^\.$/, '') : `${asked}/`;
    return mapLazily(names, ([name]) => prefix + name);
  });
}

function listFacts(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  return sendLines(session, async () => {
    const { facts } = session;
    const entries = await factEntries(session.resolve(argument), files);
    return mapLazily(entries, (each) => formatFacts(each, facts, each.name, files));
  });
}

/** A folder's entries, or those of it that match a pattern: NcFTP sends one here too, against RFC 3659, section 7.1. */
async function factEntries(path: string, files: FileSystem): Promise<readonly Entry[]> {
  try {
    const { kind } = await files.stat(path);
    if (kind !== 'directory') throw new FileSystemError('not-a-directory', `${path} is not a folder.`);
    return await files.list(path);
  } catch (error) {
    const name = nameOf(path);
    // Names alone do not tell of which folder they are.
    const isPattern = hasWildcards(name) && !hasWildcards(path.slice(0, -name.length));
    if (!isPattern || !(error instanceof FileSystemError && error.kind === 'missing')) throw error;
    const matches = await expandWildcards(path, files);
    if (matches.length === 0) throw error;
    return matches.map(({ entry }) => entry);
  }
}

type Named = readonly [name: string, entry: Entry];

interface Listed {
  readonly kind: Entry['kind'];
  /** Whether these are the entries of the one folder that was asked for. */
  readonly isContent: boolean;
  /** Sorted by name. */
  readonly names: readonly Named[];
}

/** What has the name as it is wins over what the name stands for as a pattern. */
async function listed(session: Session, argument: string, files: FileSystem): Promise<Listed> {
  const { asked, itself } = withoutFlags(argument);
  const path = session.resolve(asked);
  try {
    const entry = await files.stat(path);
    if (entry.kind === 'directory' && !itself) {
      const entries = await files.list(path);
      return { kind: 'directory', isContent: true, names: sorted(entries.map((each) => [each.name, each])) };
    }
    const name = itself ? asked || '.' : entry.name;
    return { kind: entry.kind, isContent: false, names: [[name, entry]] };
  } catch (error) {
    const isPattern = error instanceof FileSystemError && error.kind === 'missing' && hasWildcards(asked);
    if (!isPattern) throw error;
    const matches = await expandWildcards(path, files);
    if (matches.length === 0) throw new FileSystemError('missing', `Nothing matches ${asked}.`);
    const names = matches.map((match): Named => [shown(match, session, asked), match.entry]);
    return { kind: 'directory', isContent: false, names: sorted(names) };
  }
}

/** As the pattern was written: absolute, or from the working folder. */
function shown({ path }: Match, session: Session, asked: string): string {
  const base = session.workingFolder === '/' ? '/' : `${session.workingFolder}/`;
  return !asked.startsWith('/') && path.startsWith(base) ? path.slice(base.length) : path;
}

/** Many clients pass the flags of `ls`, as in `LIST -al folder`; `--` ends them. */
function withoutFlags(argument: string): { asked: string; itself: boolean } {
  const flags = /^(?:-[1AaCFfhLlnRrSsTtUud]+(?: +|$))*(?:-- )?/.exec(argument)?.[0] ?? '';
  return { asked: argument.slice(flags.length), itself: flags.includes('d') };
}

function sorted(names: Named[]): Named[] {
  return names.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function sendLines(session: Session, lines: () => Promise<Iterable<string>>): Promise<Reply> {
  return session.runTransfer(async (transfer) => {
    const text = Readable.from(joinLines(await lines()));
    await transfer.send(text, 'Here comes the listing.');
    return { code: 226, text: 'Listed.' };
  });
}

function* mapLazily<T>(items: readonly T[], format: (item: T) => string): Generator<string> {
  for (const item of items) yield format(item);
}
