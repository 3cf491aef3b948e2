/** One file, one way: what is at the other end is compared before it counts as done. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import type { Connection } from './connection.ts';
import { HighWater } from './high-water.ts';
import { Meter } from './meter.ts';
import type { RemoteEntry } from './transfer.ts';

type OnBytes = (bytes: number) => void;

/** Does the work over a session, and again over another one if that was lost. */
export type Attempts = <T>(work: (connection: Connection) => Promise<T>) => Promise<T>;

/** What arrived is not what was sent; it has been removed. */
export class DifferentBytesError extends Error {
  override readonly name = 'DifferentBytesError';
}

export interface UploadOptions {
  /**
   * What the coordinator kept at this path is taken for the beginning of this file, though it was not sent by this
   * call; the comparison at the end tells whether it was.
   */
  readonly continues?: boolean;
  /** Told the position at which each attempt begins. */
  readonly onBegin?: (position: number) => void;
}

export interface DownloadOptions {
  /** The temporary file, which is continued where it exists, and kept when the download is stopped. */
  readonly draft?: string;
  /** Told the position at which each attempt begins. */
  readonly onBegin?: (position: number) => void;
}

const chunkSize = 256 * 1024;

/**
 * Uploads a file; where a session is lost, another one goes on with what the coordinator kept. A copy that turns out
 * wrong is removed again. @returns its size in bytes.
 */
export async function uploadFile(
  attempts: Attempts,
  local: string,
  remote: string,
  onBytes: OnBytes,
  { continues = false, onBegin }: UploadOptions = {},
): Promise<number> {
  const { size, mtime, mtimeMs } = await stat(local);
  const sent = new HighWater(onBytes);
  await attempts(async (connection) => {
    const kept = continues || sent.bytes > 0 ? await connection.partialSize(remote) : 0;
    // More than was sent is not from here.
    const offset = kept <= (continues ? size : sent.bytes) ? kept : 0;
    onBegin?.(offset);
    const file = await open(local);
    try {
      const beforeEnd = async () => {
        const now = await file.stat();
        if (meter.bytes !== size || now.size !== size || now.mtimeMs !== mtimeMs) {
          throw new Error('it was changed while it was being uploaded: upload it again');
        }
      };
      const start = await beginningOf(file, offset);
      const meter = new Meter({ start, onBytes: sent.from(offset), beforeEnd });
      const expected = await connection.expect(size - offset);
      // An empty file is read too, so that bytes written to it meanwhile are noticed.
      const source = file.createReadStream({
        start: offset,
        end: Math.max(offset, size - 1),
        highWaterMark: chunkSize,
        autoClose: false,
      });
      // basic-ftp does not end its source when a transfer fails; an error of the source reaches it by the meter.
      await together(pipeline(source, meter), connection.store(meter, remote, offset));
      await compareUpload(connection, remote, meter, expected);
      await connection.setModified(remote, mtime);
    } finally {
      await file.close();
    }
  });
  return size;
}

/**
 * Downloads a file to a temporary one beside its target, which takes the target's place once it is on the
 * disk and compared; whatever happens no half file is left. Where a session is lost, another one goes on behind
 * what is on the disk. @returns its size in bytes.
 */
export async function downloadFile(
  attempts: Attempts,
  remote: Pick<RemoteEntry, 'path' | 'modified'>,
  local: string,
  onBytes: OnBytes,
  options: DownloadOptions = {},
): Promise<number> {
  const draft = options.draft ?? draftPath(local);
  const received = new HighWater(onBytes);
  try {
    await (await open(draft, options.draft === undefined ? 'wx' : 'a')).close();
    const bytes = await attempts((connection) =>
      receive(connection, remote.path, draft, received, options.onBegin),
    );
    await utimes(draft, remote.modified, remote.modified);
    await rename(draft, local);
    return bytes;
  } catch (error) {
    if (options.draft === undefined || error instanceof DifferentBytesError) await rm(draft, { force: true });
    throw error;
  }
}

/** Resolves when all is on the disk and compared; however it ends, the file has then been closed. */
async function receive(
  connection: Connection,
  remote: string,
  draft: string,
  received: HighWater,
  onBegin: DownloadOptions['onBegin'],
): Promise<number> {
  const file = await open(draft, 'r+');
  try {
    const { size: offset } = await file.stat();
    onBegin?.(offset);
    const start = await beginningOf(file, offset);
    const meter = new Meter({ start, onBytes: received.from(offset) });
    const target = file.createWriteStream({ start: offset, flush: true, highWaterMark: 4 * chunkSize });
    const closed = new Promise<void>((resolve) => target.once('close', resolve));
    try {
      await together(pipeline(meter, target), connection.retrieve(remote, meter, offset));
    } finally {
      target.destroy();
      await closed;
    }
    await compareDownload(connection, remote, meter);
    return meter.bytes;
  } finally {
    await file.close(); // The stream has done it, unless it was never made.
  }
}

/** Number and CRC-32 of the first bytes of a file. */
async function beginningOf(file: FileHandle, bytes: number): Promise<{ bytes: number; crc32: number }> {
  let crc = 0;
  const chunk = Buffer.allocUnsafe(Math.min(bytes, 4 * chunkSize));
  for (let at = 0; at < bytes; ) {
    const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, bytes - at), at);
    if (bytesRead === 0) throw new Error('it became shorter during the transfer: try again');
    crc = crc32(chunk.subarray(0, bytesRead), crc);
    at += bytesRead;
  }
  return { bytes, crc32: crc };
}

/** @throws when what was received is not what the coordinator has */
export async function compareDownload(connection: Connection, remote: string, meter: Meter): Promise<void> {
  const there = await connection.checksum(remote);
  if (there.size !== meter.bytes) {
    throw new DifferentBytesError(
      `only ${meter.bytes} of its ${there.size} bytes arrived, or it was changed: try again`,
    );
  }
  if (there.crc32 !== undefined && there.crc32 !== meter.crc32) {
    throw new DifferentBytesError('the bytes that arrived differ from those on the server: try again');
  }
}

async function compareUpload(
  connection: Connection,
  remote: string,
  meter: Meter,
  expected: boolean,
): Promise<void> {
  const there = await connection.checksum(remote);
  if (there.size !== meter.bytes && expected) {
    // The coordinator took all bytes or none: this is somebody else's newer file, which must stay.
    throw new Error(`it was replaced by another file of ${there.size} bytes right after the upload`);
  }
  if (there.size === meter.bytes && (there.crc32 ?? meter.crc32) === meter.crc32) return;
  await connection.removeFile(remote);
  throw new DifferentBytesError('the copy on the server differed from the file and was removed: try again');
}

/** Waits for both ends of a transfer; the failure of the session is the more telling one. */
export async function together(local: Promise<void>, transfer: Promise<void>): Promise<void> {
  const [atDisk, atServer] = await Promise.allSettled([local, transfer]);
  if (atServer.status === 'rejected') throw atServer.reason;
  if (atDisk.status === 'rejected') throw atDisk.reason;
}

/** A name for a temporary file: beside the target, so that it is on the same disk; within the 255 bytes that file systems give a name. */
export function draftPath(local: string): string {
  const name = basename(local).slice(0, 50);
  return join(dirname(local), `.${name}.${randomBytes(6).toString('hex')}.splitftp-part`);
}
