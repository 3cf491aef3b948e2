import { Transform, type TransformCallback } from 'node:stream';
import { crc32 } from 'node:zlib';

interface MeterOptions {
  /** What came before, if the bytes are not the first. */
  readonly start?: { readonly bytes: number; readonly crc32: number };
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Its rejection makes the stream fail, after everything but the last chunk has been passed on. */
  readonly beforeEnd?: () => Promise<void>;
}

/**
 * Passes bytes on unchanged and keeps their number and CRC-32. One chunk is held back until the check at the
 * end agrees, so that a transfer that must not be completed never is.
 */
export class Meter extends Transform {
  bytes: number;
  crc32: number;
  readonly #options: MeterOptions;
  #held: Buffer | undefined;

  constructor(options: MeterOptions) {
    super();
    const { bytes, crc32 } = options.start ?? { bytes: 0, crc32: 0 };
    this.bytes = bytes;
    this.crc32 = crc32;
    this.#options = options;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.bytes += chunk.length;
    this.crc32 = crc32(chunk, this.crc32);
    this.#options.onBytes?.(chunk.length);
    const held = this.#held;
    this.#held = chunk;
    callback(null, held);
  }

  override _flush(callback: TransformCallback): void {
    const check = this.#options.beforeEnd?.() ?? Promise.resolve();
    check.then(
      () => callback(null, this.#held),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
    );
  }
}
