import { Readable, Writable } from 'node:stream';
import { content } from '../integration/content.ts';

const chunkBytes = 1024 * 1024;
const base = content(chunkBytes, 4711);

/** Of a file of any length: each chunk has its number in it, so that none can stand in another's place unnoticed. */
function chunkAt(number: number, length: number): Buffer {
  const chunk = Buffer.from(base.subarray(0, length));
  if (length >= 8) chunk.writeBigUInt64BE(BigInt(number), 0);
  return chunk;
}

/** A file of this length that nobody holds in memory. */
export function longContent(bytes: number): Readable {
  const chunks = function* () {
    for (let at = 0; at < bytes; at += chunkBytes)
      yield chunkAt(at / chunkBytes, Math.min(chunkBytes, bytes - at));
  };
  return Readable.from(chunks(), { objectMode: false, highWaterMark: chunkBytes });
}

/** Takes a {@link longContent}, and fails at the first byte that is another. */
export class LongContentCheck extends Writable {
  bytes = 0;

  override _write(received: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    for (let at = 0; at < received.length; ) {
      const number = Math.floor(this.bytes / chunkBytes);
      const within = this.bytes % chunkBytes;
      const length = Math.min(chunkBytes - within, received.length - at);
      const equal =
        within >= 8
          ? received.compare(base, within, within + length, at, at + length) === 0
          : received
              .subarray(at, at + length)
              .equals(chunkAt(number, chunkBytes).subarray(within, within + length));
      if (!equal) {
        done(new Error(`another byte than it should be between ${this.bytes} and ${this.bytes + length}`));
        return;
      }
      at += length;
      this.bytes += length;
    }
    done();
  }
}
