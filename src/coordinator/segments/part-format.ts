/**
 * The part file, version 1, as `docs/part-format.md` describes it: header, blocks each followed by its check,
 * footer. Everything here is pure; reading and writing are in the stripe reader and writer.
 */
import * as v from 'valibot';
import { crc32, formatCrc32 } from './crc32.ts';

/** Bytes of one part in one stripe, except in the last stripe of a segment. */
export const defaultBlockBytes = 256 * 1024;
/** A longer file gets further segments. */
export const maximumSegmentBytes = 1024 ** 3;
/** CRC-32, big endian, after each block. */
export const checkBytes = 4;

const headerMark = Buffer.from('SplitFTP');
const endMark = Buffer.from('SplitEnd');
const frameBytes = 16; // mark, length of the JSON, CRC-32 of the JSON
const maximumHeaderBytes = 64 * 1024;

export interface Layout {
  readonly dataParts: number;
  readonly parityParts: number;
}

export const partHeader = v.object({
  version: v.literal(1),
  /** What a reader must know beyond this version; it refuses a part with a feature it does not know. */
  features: v.array(v.string()),
  pool: v.string(),
  file: v.string(),
  /** 32 hexadecimal digits. */
  segment: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  /** Of the segment in its file, from 0. */
  position: v.number(),
  layout: v.object({ dataParts: v.number(), parityParts: v.number() }),
  /** Of this part: data parts first, then parity parts, from 0. */
  index: v.number(),
  /** Numbers of the storage servers of all parts, by index. */
  servers: v.array(v.number()),
  blockBytes: v.number(),
  check: v.literal('crc32'),
  cipher: v.literal('none'),
  /** Path of the file when the part was written; renames do not change it. */
  path: v.string(),
  /** ISO 8601. */
  written: v.string(),
});
export type PartHeader = v.InferOutput<typeof partHeader>;

export const partFooter = v.object({
  segment: v.string(),
  index: v.number(),
  /** Bytes of the file's content in the whole segment. */
  length: v.number(),
  stripes: v.number(),
  /** CRC-32 of those bytes, eight hexadecimal digits. */
  crc32: v.string(),
  /** Of the segment in the catalogue: a later one is newer. */
  sequence: v.number(),
});
export type PartFooter = v.InferOutput<typeof partFooter>;

export class PartFormatError extends Error {}

export function encodeHeader(header: PartHeader): Buffer {
  const json = Buffer.from(`${JSON.stringify(header)}\n`);
  return Buffer.concat([headerMark, uint32(json.length), uint32(crc32(json)), json]);
}

/** Bytes of the header that begins with `start`, of which the first twelve are needed. */
export function headerLength(start: Buffer): number {
  if (!start.subarray(0, 8).equals(headerMark)) throw new PartFormatError('it is not a part file');
  const length = frameBytes + start.readUInt32BE(8);
  if (length > maximumHeaderBytes) throw new PartFormatError('its header is damaged');
  return length;
}

/** @throws PartFormatError when a byte of it is wrong, or it needs a feature this version does not know. */
export function decodeHeader(bytes: Buffer): PartHeader {
  const length = headerLength(bytes);
  if (bytes.length < length) throw new PartFormatError('its header is damaged');
  const header = parseFrame(partHeader, bytes.subarray(frameBytes, length), bytes.readUInt32BE(12), 'header');
  if (header.features.length > 0) {
    throw new PartFormatError(`it needs ${header.features.join(', ')}, which this version does not know`);
  }
  return header;
}

export function encodeFooter(footer: PartFooter): Buffer {
  const json = Buffer.from(`${JSON.stringify(footer)}\n`);
  return Buffer.concat([json, uint32(json.length), uint32(crc32(json)), endMark]);
}

/** @param bytes the footer alone, or more of the part's end. */
export function decodeFooter(bytes: Buffer): PartFooter {
  const frame = bytes.length - frameBytes;
  if (frame < 0 || !bytes.subarray(-8).equals(endMark)) throw new PartFormatError('its end is missing');
  const start = frame - bytes.readUInt32BE(frame);
  if (start < 0) throw new PartFormatError('its footer is damaged');
  return parseFrame(partFooter, bytes.subarray(start, frame), bytes.readUInt32BE(frame + 4), 'footer');
}

function parseFrame<T>(schema: v.GenericSchema<unknown, T>, json: Buffer, crc: number, what: string): T {
  if (crc32(json) !== crc) throw new PartFormatError(`its ${what} is damaged`);
  const parsed = v.safeParse(schema, JSON.parse(json.toString('utf8')));
  if (!parsed.success) throw new PartFormatError(`its ${what} is of another version`);
  return parsed.output;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/**
 * The CRC-32 that a block's check begins with: it binds the block to its segment, part and stripe, so that a
 * block that stands in another's place is noticed, not only a changed one.
 */
export class CheckContext {
  readonly #bytes = Buffer.alloc(24);

  constructor(segment: string, index: number) {
    this.#bytes.write(segment, 'hex');
    this.#bytes.writeUInt32BE(index, 16);
  }

  seed(stripe: number): number {
    this.#bytes.writeUInt32BE(stripe, 20);
    return crc32(this.#bytes);
  }
}

/** Where the bytes of a segment are in its parts. All numbers are bytes unless they say stripes. */
export class SegmentGeometry {
  readonly dataParts: number;
  readonly blockBytes: number;
  readonly length: number;

  constructor(layout: Layout, blockBytes: number, length: number) {
    this.dataParts = layout.dataParts;
    this.blockBytes = blockBytes;
    this.length = length;
  }

  get stripeBytes(): number {
    return this.dataParts * this.blockBytes;
  }

  get stripes(): number {
    return Math.ceil(this.length / this.stripeBytes);
  }

  /**
   * Of block `index` in `stripe`: the last stripe is divided evenly, so its data blocks are shorter, the last of them
   * maybe empty. Parity blocks are as long as the stripe's longest data block, the first.
   */
  blockLength(stripe: number, index: number): number {
    const rest = Math.min(this.stripeBytes, this.length - stripe * this.stripeBytes);
    const block = Math.ceil(rest / this.dataParts);
    return index < this.dataParts ? Math.max(0, Math.min(block, rest - index * block)) : block;
  }

  /** Offset of `stripe` in a part, after the header. */
  stripeOffset(stripe: number): number {
    return stripe * (this.blockBytes + checkBytes);
  }
}

/** Path of a part on its storage server, below the account's folder. Hexadecimal, so safe on every file system. */
export function partPath(pool: string, segment: string, index: number): { folder: string[]; name: string } {
  return { folder: [pool, segment.slice(0, 2)], name: `${segment}.${index}` };
}

export function footerOf(
  header: PartHeader,
  geometry: SegmentGeometry,
  crc: number,
  sequence: number,
): PartFooter {
  const { segment, index } = header;
  return {
    segment,
    index,
    length: geometry.length,
    stripes: geometry.stripes,
    crc32: formatCrc32(crc),
    sequence,
  };
}
