import { ErasureCode } from '../../erasure/erasure-code.ts';
import { CrcShift, crc32, formatCrc32 } from '../segments/crc32.ts';
import { type PartFooter, type PartHeader, SegmentGeometry } from '../segments/part-format.ts';
import { JoinError } from './join-error.ts';
import type { LocalPart } from './local-part.ts';
import type { LocalSegment } from './part-search.ts';

/** Puts one segment together from local parts; every block is verified before it is used. */
export class SegmentJoiner {
  readonly length: number;
  readonly #segment: LocalSegment;
  readonly #header: PartHeader;
  readonly #footer: PartFooter;
  readonly #geometry: SegmentGeometry;
  readonly #code: ErasureCode;
  #restoredBlocks = 0;

  /** @throws JoinError when parts are missing */
  constructor(segment: LocalSegment) {
    const parts = [...segment.parts.values()].flat();
    const header = parts[0]?.header;
    const footer = parts.find((part) => part.footer)?.footer;
    if (!header) throw new JoinError(`There is no part of segment ${segment.position}.`);
    const { dataParts, parityParts } = header.layout;
    if (segment.parts.size < dataParts) throw new JoinError(describeMissing(segment, header));
    if (!footer) {
      throw new JoinError(
        `No part of segment ${segment.position} has its end: it was never finished, or all of them were cut off.`,
      );
    }
    this.#segment = segment;
    this.#header = header;
    this.#footer = footer;
    this.length = footer.length;
    this.#geometry = new SegmentGeometry(header.layout, header.blockBytes, footer.length);
    this.#code = new ErasureCode(dataParts, parityParts);
  }

  get position(): number {
    return this.#segment.position;
  }

  /** ISO 8601. */
  get written(): string {
    return this.#segment.written;
  }

  /** Of a later version of the same segment it is greater. */
  get sequence(): number {
    return this.#footer.sequence;
  }

  /** Blocks that were made from others, since they were missing or damaged. */
  get restoredBlocks(): number {
    return this.#restoredBlocks;
  }

  /** The bytes of the segment, stripe by stripe. @throws JoinError when too few blocks of a stripe are right */
  async *stripes(): AsyncGenerator<readonly Buffer[]> {
    let crc = 0;
    try {
      for (let stripe = 0; stripe < this.#geometry.stripes; stripe++) {
        const blocks = await this.#stripe(stripe);
        for (const block of blocks) crc = (new CrcShift(block.length).apply(crc) ^ crc32(block)) >>> 0;
        yield blocks;
      }
    } finally {
      for (const part of [...this.#segment.parts.values()].flat()) await part.close();
    }
    if (formatCrc32(crc) !== this.#footer.crc32) {
      throw new JoinError(
        `The checksum of segment ${this.#segment.position} is ${formatCrc32(crc)} instead of ${this.#footer.crc32}.`,
      );
    }
  }

  /** The data blocks of a stripe. */
  async #stripe(stripe: number): Promise<Buffer[]> {
    const { dataParts, parityParts } = this.#header.layout;
    const lengthOf = (index: number) => this.#geometry.blockLength(stripe, index);
    const blocks: (Buffer | undefined)[] = await Promise.all(
      Array.from({ length: dataParts }, (_, index) => this.#block(stripe, index)),
    );
    const missing = [...blocks.keys()].filter((index) => !blocks[index]);
    if (missing.length > 0) {
      for (let index = dataParts; index < dataParts + parityParts; index++) {
        blocks.push(await this.#block(stripe, index));
      }
      const right = blocks.filter((block) => block !== undefined).length;
      if (right < dataParts) {
        throw new JoinError(
          `Stripe ${stripe} of segment ${this.#segment.position} needs ${dataParts} blocks, and ${right} are right. ` +
            'Parts from further storage servers would help.',
        );
      }
      const width = lengthOf(0);
      const wanted = new Map(missing.map((index) => [index, Buffer.alloc(width)]));
      this.#code.reconstruct(
        blocks.map((block) => block && padded(block, width)),
        wanted,
      );
      for (const [index, block] of wanted) blocks[index] = block.subarray(0, lengthOf(index));
      this.#restoredBlocks += missing.filter((index) => lengthOf(index) > 0).length;
    }
    return blocks.slice(0, dataParts).filter((block) => block !== undefined);
  }

  async #block(stripe: number, index: number): Promise<Buffer | undefined> {
    const parts: readonly LocalPart[] = this.#segment.parts.get(index) ?? [];
    for (const part of parts) {
      const block = await part.block(stripe, this.#geometry);
      if (block) return block;
    }
    return undefined;
  }
}

/** The zeros behind a shorter block are for the code only; they are not stored. */
function padded(block: Buffer, width: number): Buffer {
  return block.length === width ? block : Buffer.concat([block, Buffer.alloc(width - block.length)]);
}

function describeMissing(segment: LocalSegment, { layout, servers }: PartHeader): string {
  const { dataParts, parityParts } = layout;
  const missing = Array.from({ length: dataParts + parityParts }, (_, index) => index).filter(
    (index) => !segment.parts.has(index),
  );
  const list = missing.map(
    (index) => `${segment.id}.${index} (storage server ${servers[index] ?? 'unknown'})`,
  );
  return (
    `Segment ${segment.position} needs ${dataParts} of its ${dataParts + parityParts} parts, and ` +
    `${segment.parts.size} ${segment.parts.size === 1 ? 'is' : 'are'} here. Missing: ${list.join(', ')}.`
  );
}
