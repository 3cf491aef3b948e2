import { type DigestAlgorithm, digestAlgorithms, digestOf } from '../digest.ts';
import { type Entry, type FileSystem, FileSystemError } from '../file-system.ts';
import { lostSession, type Reply, ReplyError } from '../replies.ts';
import type { Session } from '../session.ts';
import { type Command, user } from './command.ts';
import { fileAt } from './file-facts.ts';

/**
 * draft-bryan-ftpext-hash-02 for HASH, draft-bryan-ftp-range-08 for RANG; XCRC and XSHA256 are what older clients
 * (CuteFTP, WinSCP) know instead.
 */
export const digestCommands: readonly (readonly [string, Command])[] = [
  ['HASH', user('HASH <SP> file', hash)],
  [
    'RANG',
    user('RANG <SP> first-byte <SP> last-byte', async (session, argument) => range(session, argument)),
  ],
  ['XCRC', user('XCRC <SP> file', (session, name, files) => wholeDigest(session, name, files, 'CRC32'))],
  [
    'XSHA256',
    user('XSHA256 <SP> file', (session, name, files) => wholeDigest(session, name, files, 'SHA-256')),
  ],
];

/** For FEAT: the algorithms, the chosen one starred. */
export function digestFeature(session: Session): string {
  const names = digestAlgorithms.map((name) => `${name}${name === session.digestAlgorithm ? '*' : ''}`);
  return `HASH ${names.join(';')};`;
}

/** `OPTS HASH` tells the algorithm, with an argument it chooses one. */
export function chooseDigest(session: Session, name: string): Reply {
  const chosen =
    name === ''
      ? session.digestAlgorithm
      : digestAlgorithms.find((algorithm) => algorithm === name.toUpperCase());
  if (!chosen) return { code: 501, text: `The algorithms are ${digestAlgorithms.join(', ')}.` };
  session.digestAlgorithm = chosen;
  return { code: 200, text: chosen };
}

function range(session: Session, argument: string): Reply {
  const [, first, last] = /^(\d{1,15}) (\d{1,15})$/.exec(argument) ?? [];
  if (first === undefined || last === undefined) {
    return { code: 501, text: 'RANG needs the numbers of the first and of the last byte.' };
  }
  const [start, end] = [Number(first), Number(last)];
  if (start === 1 && end === 0) {
    session.takePreparation();
    return { code: 350, text: 'The whole file again.' };
  }
  if (start > end) return { code: 501, text: 'The last byte cannot come before the first.' };
  session.prepare({ kind: 'range', start, end });
  return { code: 350, text: `The next HASH or RETR is of the bytes ${start} to ${end}.` };
}

async function hash(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const preparation = session.takePreparation();
  const path = session.resolve(argument);
  const entry = await fileAt(path, files);
  const algorithm = session.digestAlgorithm;
  if (preparation?.kind !== 'range') {
    const digest = await digestOfFile(session, path, entry, files, algorithm);
    // Here the end is the size, as with FileZilla Server and ProFTPD; of a range it is the last byte, as in the draft.
    return { code: 213, text: `${algorithm} 0-${entry.size} ${digest} ${argument}` };
  }
  const { start, end } = preparation;
  if (start >= entry.size) throw new ReplyError(554, `The file has only ${entry.size} bytes.`);
  const last = Math.min(end, entry.size - 1);
  const wanted = last + 1 - start;
  const { digest, bytes } = await compute(session, path, files, { algorithm, start, limit: wanted });
  if (bytes !== wanted) throw changed(path);
  return { code: 213, text: `${algorithm} ${start}-${last} ${digest} ${argument}` };
}

/** Clients put names with spaces into quotes here; a file whose name has quotes is meant first. */
async function wholeDigest(
  session: Session,
  argument: string,
  files: FileSystem,
  algorithm: DigestAlgorithm,
): Promise<Reply> {
  const quoted = /^"(.+)"$/.exec(argument)?.[1];
  let path = session.resolve(argument);
  let entry: Entry;
  try {
    entry = await fileAt(path, files);
  } catch (error) {
    if (!(error instanceof FileSystemError && error.kind === 'missing' && quoted)) throw error;
    path = session.resolve(quoted);
    entry = await fileAt(path, files);
  }
  return { code: 250, text: await digestOfFile(session, path, entry, files, algorithm) };
}

async function digestOfFile(
  session: Session,
  path: string,
  entry: Entry,
  files: FileSystem,
  algorithm: DigestAlgorithm,
): Promise<string> {
  const known = await files.knownDigest?.(path, algorithm);
  if (known !== undefined) return known;
  const { digest, bytes } = await compute(session, path, files, { algorithm, start: 0 });
  const { unique, size } = await fileAt(path, files);
  if (bytes !== entry.size || size !== entry.size || unique !== entry.unique) throw changed(path);
  await files.rememberDigest?.(path, entry, algorithm, digest);
  return digest;
}

function changed(path: string): FileSystemError {
  return new FileSystemError('busy', `${path} was changed while it was read; try again.`);
}

/** Reads the bytes; given up when the control connection is lost. */
async function compute(
  session: Session,
  path: string,
  files: FileSystem,
  { algorithm, start, limit }: { algorithm: DigestAlgorithm; start: number; limit?: number },
): Promise<{ digest: string; bytes: number }> {
  const { closing } = session;
  const source = await files.read(path, start);
  const giveUp = () => source.destroy(lostSession());
  closing.addEventListener('abort', giveUp, { once: true });
  try {
    if (closing.aborted) giveUp();
    return await digestOf(source, algorithm, limit);
  } finally {
    closing.removeEventListener('abort', giveUp);
    source.destroy();
  }
}
