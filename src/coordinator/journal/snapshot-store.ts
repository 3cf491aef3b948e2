import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { JournalOutbox } from '../catalogue/journal-outbox.ts';
import type { StorageConnection } from '../pool/storage-connection.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import { crc32 } from '../segments/crc32.ts';
import { nameOfJournalFile } from './journal-file.ts';
import { putJournalFile } from './journal-store.ts';
import { type SnapshotRange, writeSnapshotFile } from './snapshot-file.ts';

export interface SnapshotOptions {
  readonly outbox: JournalOutbox;
  readonly pool: string;
  readonly copies: number;
  readonly servers: readonly StorageServer[];
  /** Writable; for the file on its way. */
  readonly folder: string;
  /** Ends it in the middle. */
  readonly signal?: AbortSignal;
  /** A server could not be given it. */
  readonly onFailure: (server: StorageServer, reason: string) => void;
}

/** Brings a snapshot of the catalogue to the storage servers. @returns those that were seen to hold it, byte for byte */
export async function storeSnapshot(
  options: SnapshotOptions,
): Promise<{ readonly range: SnapshotRange; readonly holders: readonly StorageServer[] }> {
  const { outbox, pool, servers, folder, signal, onFailure } = options;
  const path = join(folder, 'snapshot.gz');
  try {
    const range = await writeSnapshotFile(path, outbox, options);
    const name = nameOfJournalFile({ kind: 'snapshot', generation: outbox.generation, ...range });
    const { size } = await stat(path);
    const sum = new ChecksumSink();
    await pipeline(createReadStream(path), sum);
    const verifyOn = (connection: StorageConnection) => async (stored: string) => {
      const read = new ChecksumSink();
      await connection.download(read, stored, 0);
      if (read.bytes !== size || read.crc !== sum.crc)
        throw new Error('it does not give back what it was sent');
    };
    const holders = await Promise.all(
      servers.map(async (server) => {
        try {
          await server.use(async (connection) => {
            signal?.throwIfAborted();
            const end = () => connection.close();
            signal?.addEventListener('abort', end);
            try {
              await putJournalFile(
                server,
                connection,
                { pool, name },
                createReadStream(path),
                verifyOn(connection),
              );
            } finally {
              signal?.removeEventListener('abort', end);
            }
          });
          return [server];
        } catch (error) {
          signal?.throwIfAborted();
          onFailure(server, server.toFileSystemError(error).message);
          return [];
        }
      }),
    );
    return { range, holders: holders.flat() };
  } finally {
    await rm(path, { force: true });
  }
}

/** Takes bytes and keeps their number and CRC-32. */
class ChecksumSink extends Writable {
  bytes = 0;
  crc = 0;

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.bytes += chunk.length;
    this.crc = crc32(chunk, this.crc);
    done();
  }
}
