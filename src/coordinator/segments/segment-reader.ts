import { FileSystemError } from '../../ftp/file-system.ts';
import type { StoredSegment } from '../catalogue/catalogue.ts';
import type { Pool } from '../pool/pool.ts';
import type { PoolConnections } from '../pool/pool-connections.ts';
import { BlockMemory } from './block-memory.ts';
import type { Chunks } from './chunk-runs.ts';
import { CrcShift, combineCrc32, crc32 } from './crc32.ts';
import { Hedge } from './hedge.ts';
import { LagWatch } from './lag-watch.ts';
import { reconstructBlocks } from './parity.ts';
import { type PartFailure, PartFailuresError } from './part-failure.ts';
import { SegmentGeometry } from './part-format.ts';
import { PartReader, type VerifiedBlock } from './part-reader.ts';
import { SparePart } from './spare-part.ts';

export interface HeldChunks {
  readonly chunks: Chunks;
  /** Of them all, held for whoever asked; undefined where the chunks stay as they are. */
  readonly memory: BlockMemory | undefined;
}

export interface SegmentReaderOptions {
  readonly pool: Pool;
  /** Id of the pool. */
  readonly poolId: string;
  readonly segment: StoredSegment;
  /** Of the first byte wanted, in the segment; less than its length. */
  readonly offset: number;
  /** The `k` parts to read. */
  readonly indices: readonly number[];
  /** Parts that can take the place of one that lags behind, the best first. */
  readonly spares: readonly number[];
  /** Called for a spare part that could not be read. */
  readonly onSpareFailure: (failure: PartFailure) => void;
}

/**
 * Combines `k` parts of one segment into its bytes again, from an offset on: data parts as they are, missing ones
 * computed from the others. A block is looked at only after its check was right.
 */
export class SegmentReader {
  readonly #options: SegmentReaderOptions;
  readonly #segment: StoredSegment;
  readonly #connections: PoolConnections;
  /** Those that are read now. */
  readonly #parts: Map<number, PartReader>;
  readonly #geometry: SegmentGeometry;
  readonly #hedge: Hedge;
  readonly #lag: LagWatch;
  readonly #fullBlock: CrcShift;
  /** Verified blocks of the current stripe, while others may have to be computed from them. */
  readonly #blocks = new Map<number, VerifiedBlock>();
  #stripe: number;
  #index = 0;
  /** Bytes before the wanted offset in the first stripe. */
  #skip: number;
  /** Of what has been read of the segment, when that is read from its first byte on. */
  #crc: number | undefined;

  private constructor(
    options: SegmentReaderOptions,
    connections: PoolConnections,
    parts: Map<number, PartReader>,
    spares: number[],
    geometry: SegmentGeometry,
  ) {
    const { segment, offset, onSpareFailure } = options;
    this.#options = options;
    this.#segment = segment;
    this.#connections = connections;
    this.#parts = parts;
    this.#geometry = geometry;
    this.#hedge = new Hedge({
      parts,
      spares,
      begin: (index) => this.#beginSpare(index),
      exchange: (late, spare, part) => this.#exchange(late, spare, part),
      onSpareFailure,
    });
    this.#lag = new LagWatch(parts, spares, this.#hedge);
    this.#fullBlock = new CrcShift(geometry.blockBytes);
    this.#stripe = Math.floor(offset / geometry.stripeBytes);
    this.#skip = offset - this.#stripe * geometry.stripeBytes;
    this.#crc = offset === 0 ? 0 : undefined;
  }

  /**
   * Connects to the storage servers of the parts and sees that each has its part before the first byte.
   * @throws PartFailuresError
   */
  static async open(options: SegmentReaderOptions): Promise<SegmentReader> {
    const { pool, poolId, segment, offset, indices, spares, onSpareFailure } = options;
    const geometry = new SegmentGeometry(segment.layout, segment.blockBytes, segment.length);
    const firstStripe = Math.floor(offset / geometry.stripeBytes);
    const serverOf = (index: number) => segment.parts[index]?.server ?? 0;
    const connections = await pool.connect(
      indices.map(serverOf),
      LagWatch.connectOptions(indices.length, spares.map(serverOf)),
    );
    const failures: PartFailure[] = [];
    const parts = new Map<number, PartReader>();
    const unused: number[] = [];
    for (const [position, index] of [...indices, ...spares].entries()) {
      const line = connections.lines.get(position);
      const error = connections.failures.get(position);
      if (line) parts.set(index, new PartReader(line, poolId, segment, index, firstStripe));
      else if (error) failures.push({ index, kind: 'unavailable', error });
      else unused.push(index);
    }
    // Those that were late come last.
    const left = [
      ...unused.filter((index) => spares.includes(index)),
      ...unused.filter((index) => indices.includes(index)),
    ];
    if (parts.size === indices.length) for (const failure of failures.splice(0)) onSpareFailure(failure);
    const reader = new SegmentReader(options, connections, parts, left, geometry);
    failures.push(...(await reader.#lag.checkAll()));
    if (failures.length > 0) {
      connections.destroy();
      throw new PartFailuresError(failures);
    }
    for (const part of parts.values()) if (!part.isStarted) part.start();
    return reader;
  }

  /**
   * The bytes of the next block; of the last one when every part has proved whole, and the connections are given
   * back. Not to be called after that. @throws PartFailuresError
   */
  async next(): Promise<HeldChunks> {
    for (;;) {
      const length = this.#geometry.blockLength(this.#stripe, this.#index);
      if (length === 0) throw new Error('the segment was read beyond its end');
      const block = await this.#dataBlock(this.#index);
      this.#addToChecksum(block);
      block.memory?.hold(); // For whoever asked, whether or not he releases it.
      this.#index += 1;
      if (
        this.#index === this.#geometry.dataParts ||
        this.#geometry.blockLength(this.#stripe, this.#index) === 0
      ) {
        await this.#endStripe();
      }
      const memory = this.#skip === 0 ? block.memory : undefined;
      const chunks = withoutFirst(block.chunks, this.#skip);
      this.#skip = Math.max(0, this.#skip - length);
      if (chunks.length > 0) return { chunks, memory };
    }
  }

  /** Whether somebody waits for its connections. */
  get wanted(): boolean {
    return this.#connections.wanted;
  }

  /** Ends reading in the middle. */
  destroy(): void {
    this.#hedge.stop();
    this.#connections.destroy();
  }

  async #dataBlock(index: number): Promise<VerifiedBlock> {
    for (;;) {
      const block = this.#blocks.get(index);
      if (block) return block;
      const isRead = this.#parts.has(index);
      await this.#fetch(isRead ? [index] : [...this.#parts.keys()]);
      if (!isRead && [...this.#parts.keys()].every((each) => this.#blocks.has(each))) this.#reconstruct();
    }
  }

  /** Has the blocks of these parts in the current stripe, without those that were exchanged meanwhile. */
  async #fetch(indices: readonly number[]): Promise<void> {
    const wanted = indices.filter((index) => !this.#blocks.has(index));
    const failures = await this.#lag.waitFor(wanted);
    if (failures.length > 0) throw new PartFailuresError(failures);
    for (const index of wanted) {
      const block = await this.#parts.get(index)?.next();
      if (block) this.#blocks.set(index, block);
    }
  }

  #beginSpare(index: number): SparePart | undefined {
    const { pool, poolId, segment } = this.#options;
    const server = pool.servers.find(({ number }) => number === segment.parts[index]?.server);
    return server && SparePart.begin({ server, poolId, segment, index, firstStripe: this.#stripe });
  }

  #exchange(late: number, spare: number, part: PartReader): void {
    const laggard = this.#parts.get(late);
    this.#parts.delete(late);
    this.#parts.set(spare, part);
    this.#connections.add(part.line);
    if (!laggard) return;
    laggard.server.promptness.overtaken(laggard.waiting);
    this.#connections.drop(laggard.line);
  }

  #reconstruct(): void {
    const { dataParts } = this.#geometry;
    const lengthOf = (index: number) => this.#geometry.blockLength(this.#stripe, index);
    const wanted = Array.from({ length: dataParts }, (_, index) => index).filter(
      (index) => !this.#blocks.has(index) && lengthOf(index) > 0,
    );
    const sources = new Map([...this.#blocks].map(([index, { chunks }]) => [index, chunks]));
    const { layout } = this.#segment;
    const memories = new Map(wanted.map((index) => [index, BlockMemory.take(lengthOf(0))]));
    const targets = new Map([...memories].map(([index, { content }]) => [index, content]));
    reconstructBlocks(layout, sources, targets, lengthOf(0));
    for (const [index, memory] of memories) {
      const length = lengthOf(index);
      const isWhole = length === memory.content.length;
      const content = isWhole ? memory.content : memory.content.subarray(0, length);
      const block = { chunks: [content], length, crc32: crc32(content) };
      this.#blocks.set(index, isWhole ? { ...block, memory } : block);
    }
  }

  #addToChecksum({ length, crc32: crc }: VerifiedBlock): void {
    if (this.#crc === undefined) return;
    this.#crc =
      length === this.#geometry.blockBytes
        ? (this.#fullBlock.apply(this.#crc) ^ crc) >>> 0
        : combineCrc32(this.#crc, crc, length);
  }

  async #endStripe(): Promise<void> {
    if (this.#stripe + 1 === this.#geometry.stripes) {
      const failures = await this.#lag.endAll();
      if (failures.length > 0) throw new PartFailuresError(failures);
      if (this.#crc !== undefined && this.#crc !== this.#segment.crc32) {
        this.destroy();
        throw new FileSystemError(
          'damaged',
          'the parts of the file are right, but not what they make together',
        );
      }
      this.#connections.release();
    }
    for (const { memory } of this.#blocks.values()) memory?.release();
    this.#blocks.clear();
    this.#index = 0;
    this.#stripe += 1;
  }
}

function withoutFirst(chunks: Chunks, bytes: number): Chunks {
  if (bytes === 0) return chunks;
  const rest: Buffer[] = [];
  let skip = bytes;
  for (const chunk of chunks) {
    if (skip < chunk.length) rest.push(chunk.subarray(skip));
    skip = Math.max(0, skip - chunk.length);
  }
  return rest;
}
