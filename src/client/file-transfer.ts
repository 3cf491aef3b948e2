/** One file, one way, over one session: what is at the other end is compared before it counts as done. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Connection } from './connection.ts';
import { Meter } from './meter.ts';
import type { RemoteEntry } from './transfer.ts';

type OnBytes = (bytes: number) => void;

const chunkSize = 256 * 1024;

/** Uploads a file; a copy that turns out wrong is removed again. @returns its size in bytes. */
export async function uploadFile(
  connection: Connection,
  local: string,
  remote: string,
  onBytes: OnBytes,
): Promise<number> {
  const file = await open(local);
  try {
    const { size, mtime, mtimeMs } = await file.stat();
    const beforeEnd = async () => {
      const now = await file.stat();
      if (meter.bytes !== size || now.size !== size || now.mtimeMs !== mtimeMs) {
        throw new Error('it was changed while it was being uploaded: upload it again');
      }
    };
    const meter = new Meter({ onBytes, beforeEnd });
    const expected = await connection.expect(size);
    // An empty file is read too, so that bytes written to it meanwhile are noticed.
    const source = file.createReadStream({
      end: Math.max(0, size - 1),
      highWaterMark: chunkSize,
      autoClose: false,
    });
    // basic-ftp does not end its source when a transfer fails; an error of the source reaches it by the meter.
    await together(pipeline(source, meter), connection.store(meter, remote));
    await compareUpload(connection, remote, meter, expected);
    await connection.setModified(remote, mtime);
    return size;
  } finally {
    await file.close();
  }
}

/**
 * Downloads a file to a temporary one beside its target, which takes the target's place once it is on the
 * disk and compared; whatever happens no half file is left. @returns its size in bytes.
 */
export async function downloadFile(
  connection: Connection,
  remote: RemoteEntry,
  local: string,
  onBytes: OnBytes,
): Promise<number> {
  const draft = draftPath(local);
  const file = await open(draft, 'wx');
  try {
    const meter = new Meter({ onBytes });
    await receive(connection, remote.path, file, meter);
    await compareDownload(connection, remote.path, meter);
    await utimes(draft, remote.modified, remote.modified);
    await rename(draft, local);
    return meter.bytes;
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Resolves when all is on the disk; however it ends, the file has then been closed. */
async function receive(
  connection: Connection,
  remote: string,
  file: FileHandle,
  meter: Meter,
): Promise<void> {
  const target = file.createWriteStream({ flush: true, highWaterMark: 4 * chunkSize });
  const closed = new Promise<void>((resolve) => target.once('close', resolve));
  try {
    await together(pipeline(meter, target), connection.retrieve(remote, meter));
  } finally {
    target.destroy();
    await closed;
  }
}

async function compareDownload(connection: Connection, remote: string, meter: Meter): Promise<void> {
  const there = await connection.checksum(remote);
  if (there.size !== meter.bytes) {
    throw new Error(`only ${meter.bytes} of its ${there.size} bytes arrived, or it was changed: try again`);
  }
  if (there.crc32 !== undefined && there.crc32 !== meter.crc32) {
    throw new Error('the bytes that arrived differ from those on the server: try again');
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
  throw new Error('the copy on the server differed from the file and was removed: try again');
}

/** Waits for both ends of a transfer; the failure of the session is the more telling one. */
async function together(local: Promise<void>, transfer: Promise<void>): Promise<void> {
  const [atDisk, atServer] = await Promise.allSettled([local, transfer]);
  if (atServer.status === 'rejected') throw atServer.reason;
  if (atDisk.status === 'rejected') throw atDisk.reason;
}

/** Beside the target, so that it is on the same disk; within the 255 bytes that file systems give a name. */
function draftPath(local: string): string {
  const name = basename(local).slice(0, 50);
  return join(dirname(local), `.${name}.${randomBytes(6).toString('hex')}.splitftp-part`);
}
