import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { runFileTransfer } from '../data/file-transfer.ts';
import { type FileSystem, FileSystemError, type WriteMode } from '../file-system.ts';
import { type Reply, ReplyError } from '../replies.ts';
import type { Session } from '../session.ts';
import { type Command, user } from './command.ts';
import { fileAt } from './file-facts.ts';
import { statForResume } from './resume.ts';

/** RFC 959, section 4.1.3, and RFC 3659, section 5 for REST in stream mode. */
export const transferCommands: readonly (readonly [string, Command])[] = [
  ['RETR', user('RETR <SP> file', retrieve)],
  ['STOR', user('STOR <SP> file', store)],
  ['APPE', user('APPE <SP> file', append)],
  ['STOU', user('STOU [<SP> file]', storeUnique)],
  ['REST', user('REST <SP> offset', async (session, argument) => restart(session, argument))],
  ['ABOR', user('ABOR', async (session) => abort(session))],
];

function restart(session: Session, argument: string): Reply {
  const offset = Number(argument);
  if (!/^\d+$/.test(argument) || !Number.isSafeInteger(offset)) {
    return { code: 501, text: 'REST needs a number of bytes.' };
  }
  session.prepare({ kind: 'restart', offset });
  return { code: 350, text: `The next transfer starts at byte ${offset}.` };
}

/** A running transfer was aborted when the command arrived, and has had its 426. */
function abort(session: Session): Reply {
  session.data.close();
  return { code: 226, text: 'No transfer is running.' };
}

async function retrieve(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const preparation = session.takePreparation();
  if (preparation?.kind === 'range') return retrieveRange(session, argument, files, preparation);
  const offset = preparation?.kind === 'restart' ? preparation.offset : 0;
  const path = session.resolve(argument);
  return runFileTransfer(session, { kind: 'download', path }, async (transfer) => {
    const entry = await fileAt(path, files);
    if (offset > entry.size) throw new ReplyError(554, `The file has only ${entry.size} bytes.`);
    const source = await files.read(path, offset);
    await transfer.send(source, `Sending ${entry.size - offset} bytes.`);
    return { code: 226, text: 'Sent.' };
  });
}

/** RANG instead of REST (draft-bryan-ftp-range-08): the part of the range that the file has. */
async function retrieveRange(
  session: Session,
  argument: string,
  files: FileSystem,
  { start, end }: { start: number; end: number },
): Promise<Reply> {
  const path = session.resolve(argument);
  return runFileTransfer(session, { kind: 'download', path }, async (transfer) => {
    const { size } = await fileAt(path, files);
    if (start >= size) throw new ReplyError(554, `The file has only ${size} bytes.`);
    const bytes = Math.min(end + 1, size) - start;
    const file = await files.read(path, start);
    // Before the first byte is asked for nobody else listens to it, or closes it.
    file.on('error', () => undefined);
    try {
      const source = Readable.from(firstBytes(file, bytes), { objectMode: false });
      await transfer.send(source, `Sending ${bytes} bytes.`);
    } finally {
      file.destroy();
    }
    return { code: 226, text: 'Sent.' };
  });
}

async function* firstBytes(source: Readable, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const chunk of source.iterator()) {
    const wanted: Buffer = chunk.subarray(0, left);
    yield wanted;
    left -= wanted.length;
    if (left === 0) return;
  }
}

async function store(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const offset = takeOffset(session);
  return offset === 0 ? upload(session, argument, files, 'replace') : goOn(session, argument, files, offset);
}

/** A client that sends REST before it all the same gets what it asks for, or an error. */
async function append(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  const offset = takeOffset(session);
  return offset === 0 ? upload(session, argument, files, 'append') : goOn(session, argument, files, offset);
}

/** Bytes in the middle of a file are never replaced: resuming an upload is all that clients do with REST here. */
async function goOn(session: Session, argument: string, files: FileSystem, offset: number): Promise<Reply> {
  const { size } = await statForResume(session.resolve(argument), files);
  if (offset !== size) throw wrongOffset(size);
  return upload(session, argument, files, 'append', { offset });
}

/**
 * Under a name that nothing has (RFC 959, STOU), made from the one that was given; RFC 1123, section 4.1.2.9 says how it
 * is told; at the end it is told again, as BSD's ftpd does and Perl's Net::FTP reads. Random, so that two clients at once do not find the same name free.
 */
async function storeUnique(session: Session, argument: string, files: FileSystem): Promise<Reply> {
  if (takeOffset(session) > 0) throw new ReplyError(554, 'A new file begins at its first byte.');
  for (;;) {
    const name = `${argument || 'upload'}.${randomBytes(6).toString('hex')}`;
    try {
      await files.stat(session.resolve(name));
    } catch (error) {
      if (!(error instanceof FileSystemError && error.kind === 'missing')) throw error;
      return upload(session, name, files, 'replace', { uniqueName: name });
    }
  }
}

function wrongOffset(size: number): ReplyError {
  return new ReplyError(554, `There are ${size} bytes: only REST ${size} can go on.`);
}

function takeOffset(session: Session): number {
  const preparation = session.takePreparation();
  if (preparation?.kind === 'range') throw new ReplyError(551, 'A range of a file cannot be replaced.');
  return preparation?.kind === 'restart' ? preparation.offset : 0;
}

/**
 * The upload is committed only when the client ended it well: its end of file came (not a reset), no ABOR, the
 * control connection stands, and the bytes are as many as SITE EXPECT said. Otherwise the old file stays; where there
 * was none, the file system may keep what arrived, to be continued by APPE or REST and STOR.
 */
async function upload(
  session: Session,
  argument: string,
  files: FileSystem,
  mode: WriteMode,
  { offset, uniqueName }: { offset?: number; uniqueName?: string } = {},
): Promise<Reply> {
  if (argument === '') throw new ReplyError(501, 'A name is needed.');
  const path = session.resolve(argument);
  const { demandsCloseNotify, expectedBytes: expected } = session;
  session.expectedBytes = undefined;
  const kind = mode === 'append' ? 'append' : 'upload';
  return runFileTransfer(session, { kind, path }, async (transfer) => {
    const { signal } = transfer;
    const begun = await files.write(path, mode, signal);
    try {
      // Another upload may have ended since the size was looked at.
      if (offset !== undefined && offset !== begun.offset) throw wrongOffset(begun.offset);
      const announcement = uniqueName === undefined ? 'Send the bytes.' : `FILE: ${uniqueName}`;
      const bytes = await transfer.receive(begun.stream, announcement, demandsCloseNotify);
      await settle(signal);
      if (expected !== undefined && bytes !== expected) {
        throw new ReplyError(426, `${bytes} bytes came, ${expected} were expected: this is not the file.`);
      }
    } catch (error) {
      await begun.abort();
      throw error;
    }
    const stored = await begun.commit();
    return {
      code: 226,
      text: uniqueName === undefined ? stored : `${stored} (unique file name: ${uniqueName})`,
    };
  });
}

/**
 * A client that is killed ends both of its connections, and the end of the data may be read first. After two turns
 * of the event loop everything that had arrived by then has been seen.
 */
async function settle(signal: AbortSignal): Promise<void> {
  await nextTurn();
  await nextTurn();
  signal.throwIfAborted();
}
