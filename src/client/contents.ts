/** Whole files in memory, and copies of files on the coordinator: compared at the end as every transfer is. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import type { Connection } from './connection.ts';
import { RemoteError } from './errors.ts';
import { type Attempts, compareDownload, together } from './file-transfer.ts';
import { Meter } from './meter.ts';

const chunkSize = 256 * 1024;

/** While somebody saves it again and again, a file is read so often at most. */
const reads = 4;

/** @returns all bytes of a file: of one version, also while others replace it. */
export function readContent(attempts: Attempts, path: string): Promise<Buffer> {
  return attempts(async (connection) => {
    for (let read = 1; ; read++) {
      const chunks: Buffer[] = [];
      const meter = new Meter({});
      const collect = async (source: AsyncIterable<Buffer>) => {
        for await (const chunk of source) chunks.push(chunk);
      };
      await together(pipeline(meter, collect), connection.retrieve(path, meter));
      try {
        await compareDownload(connection, path, meter);
        return Buffer.concat(chunks);
      } catch (error) {
        // Between its last byte and its checksum it may have been replaced.
        if (read === reads || !connection.usable || error instanceof RemoteError) throw error;
      }
    }
  });
}

/** Makes these bytes the file's content, whole or not at all: until then it stays as it was. */
export function writeContent(attempts: Attempts, path: string, content: Uint8Array): Promise<void> {
  return attempts(async (connection) => {
    const expected = await connection.expect(content.length);
    await connection.store(Readable.from(chunksOf(content), { objectMode: false }), path);
    await compareStored(connection, path, { bytes: content.length, crc32: crc32(content) }, expected);
  });
}

/**
 * Copies a file through this machine, since FTP has no verb for it; in memory is never more than a few chunks of it.
 * @param use gives a second session
 */
export function copyContent(attempts: Attempts, use: Attempts, from: string, to: string): Promise<void> {
  return attempts((reader) =>
    use(async (writer) => {
      const { size } = await reader.checksum(from);
      const expected = await writer.expect(size);
      const meter = new Meter({});
      const ends = await Promise.allSettled([writer.store(meter, to), reader.retrieve(from, meter)]);
      const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
      // When one end fails the other one only loses its session.
      if (failures.length > 0) throw failures.find((each) => each instanceof RemoteError) ?? failures[0];
      await compareDownload(reader, from, meter);
      await compareStored(writer, to, meter, expected);
    }),
  );
}

function* chunksOf(content: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < content.length; at += chunkSize) yield content.subarray(at, at + chunkSize);
}

/** Nothing is removed here: where the sum differs somebody else's newer file may be there. */
async function compareStored(
  connection: Connection,
  path: string,
  sent: { readonly bytes: number; readonly crc32: number },
  expected: boolean,
): Promise<void> {
  const there = await connection.checksum(path);
  if (there.size === sent.bytes && (there.crc32 ?? sent.crc32) === sent.crc32) return;
  throw new Error(
    expected && there.size !== sent.bytes
      ? `it was replaced by another file of ${there.size} bytes right after it was stored`
      : 'what is stored differs from what was sent: store it again',
  );
}
