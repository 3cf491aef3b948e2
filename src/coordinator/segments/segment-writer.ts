import type { FileSystemError } from '../../ftp/file-system.ts';
import type { FinishedSegment } from '../catalogue/catalogue.ts';
import type { PoolLine } from '../pool/pool.ts';
import type { ByteQueue } from './byte-queue.ts';
import { CrcShift, crc32 } from './crc32.ts';
import {
  CheckContext,
  checkBytes,
  encodeFooter,
  encodeHeader,
  footerOf,
  type PartHeader,
  SegmentGeometry,
} from './part-format.ts';
import { PartWriter } from './part-writer.ts';

interface Part {
  readonly header: PartHeader;
  readonly headerBytes: number;
  readonly context: CheckContext;
  readonly writer: PartWriter;
}

/** Splits the bytes of one segment into stripes and streams each block, followed by its check, to its server. */
export class SegmentWriter {
  readonly #id: string;
  readonly #sequence: number;
  readonly #geometry: SegmentGeometry;
  readonly #parts: readonly Part[];
  readonly #fullBlock: CrcShift;
  #stripe = 0;
  #length = 0;
  #crc = 0;

  /**
   * Starts the parts, their headers first.
   * @param header of every part, without its index
   * @param lines a connection for each part, by index
   * @param onFailure called when a storage server fails, also while nothing is being written
   */
  constructor(
    header: Omit<PartHeader, 'index'>,
    sequence: number,
    lines: readonly PoolLine[],
    onFailure: (error: FileSystemError) => void,
  ) {
    this.#id = header.segment;
    this.#sequence = sequence;
    this.#geometry = new SegmentGeometry(header.layout, header.blockBytes, 0);
    this.#fullBlock = new CrcShift(header.blockBytes);
    this.#parts = lines.map((line, index) => {
      const own = { ...header, index };
      const bytes = encodeHeader(own);
      const writer = new PartWriter(line, { pool: header.pool, segment: header.segment, index }, onFailure);
      writer.push(bytes);
      return { header: own, headerBytes: bytes.length, context: new CheckContext(this.#id, index), writer };
    });
  }

  get length(): number {
    return this.#length;
  }

  /** Writes a full stripe, or at the end of the segment what is left of `bytes`, as the last one. */
  async writeStripe(bytes: ByteQueue): Promise<void> {
    const length = Math.min(bytes.length, this.#geometry.stripeBytes);
    const stripe = new SegmentGeometry(
      { dataParts: this.#parts.length, parityParts: 0 },
      this.#geometry.blockBytes,
      length,
    );
    for (const [index, part] of this.#parts.entries()) {
      const blockLength = stripe.blockLength(0, index);
      if (blockLength > 0) this.#writeBlock(part, bytes.take(blockLength), blockLength);
    }
    this.#length += length;
    this.#stripe += 1;
    await Promise.all(this.#parts.map(({ writer }) => writer.ready()));
  }

  /** Resolves when every part is stored whole, verified and under its name. @throws FileSystemError */
  async finish(): Promise<FinishedSegment> {
    const geometry = new SegmentGeometry(
      { dataParts: this.#parts.length, parityParts: 0 },
      this.#geometry.blockBytes,
      this.#length,
    );
    await Promise.all(
      this.#parts.map(({ header, writer }) =>
        writer.finish(encodeFooter(footerOf(header, geometry, this.#crc, this.#sequence))),
      ),
    );
    return {
      id: this.#id,
      length: this.#length,
      crc32: this.#crc,
      parts: this.#parts.map(({ headerBytes, writer }) => ({
        headerBytes,
        bytes: writer.bytes,
        stored: true,
      })),
    };
  }

  destroy(): void {
    for (const { writer } of this.#parts) writer.destroy();
  }

  #writeBlock(part: Part, block: readonly Buffer[], length: number): void {
    const seed = part.context.seed(this.#stripe);
    let check = seed;
    for (const chunk of block) {
      check = crc32(chunk, check);
      part.writer.push(chunk);
    }
    const trailer = Buffer.allocUnsafe(checkBytes);
    trailer.writeUInt32BE(check);
    part.writer.push(trailer);
    // The check covers the block's place too; taken out of it, what is left is the CRC of the content alone.
    const shift = length === this.#geometry.blockBytes ? this.#fullBlock : new CrcShift(length);
    this.#crc = (shift.apply(this.#crc) ^ shift.apply(seed) ^ check) >>> 0;
  }
}
