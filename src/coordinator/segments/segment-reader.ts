import type { StoredSegment } from '../catalogue/catalogue.ts';
import type { Pool, PoolConnections } from '../pool/pool.ts';
import { SegmentGeometry } from './part-format.ts';
import { PartReader } from './part-reader.ts';

/** Combines the parts of one segment into its bytes again, from an offset on. */
export class SegmentReader {
  readonly #connections: PoolConnections;
  readonly #parts: readonly PartReader[];
  readonly #geometry: SegmentGeometry;
  #stripe: number;
  #index = 0;
  /** Bytes before the wanted offset in the first stripe. */
  #skip: number;

  private constructor(
    connections: PoolConnections,
    parts: readonly PartReader[],
    geometry: SegmentGeometry,
    offset: number,
  ) {
    this.#connections = connections;
    this.#parts = parts;
    this.#geometry = geometry;
    this.#stripe = Math.floor(offset / geometry.stripeBytes);
    this.#skip = offset - this.#stripe * geometry.stripeBytes;
  }

  /**
   * Connects to every storage server that is needed and sees that it has its part before the first byte.
   * @param offset in the segment, less than its length
   * @throws FileSystemError `unavailable` or `damaged`, naming the storage server
   */
  static async open(
    pool: Pool,
    poolId: string,
    segment: StoredSegment,
    offset: number,
  ): Promise<SegmentReader> {
    const geometry = new SegmentGeometry(segment.layout, segment.blockBytes, segment.length);
    const firstStripe = Math.floor(offset / geometry.stripeBytes);
    const dataParts = segment.parts.slice(0, segment.layout.dataParts);
    const connections = await pool.connect(dataParts.map(({ server }) => server));
    const parts = connections.lines.map(
      (line, index) => new PartReader(line, poolId, segment, index, firstStripe),
    );
    try {
      await Promise.all(parts.map((part) => part.check()));
    } catch (error) {
      connections.destroy();
      throw error;
    }
    for (const part of parts) part.start();
    return new SegmentReader(connections, parts, geometry, offset);
  }

  /**
   * The bytes of the next block; of the last one when every part has proved whole, and the connections are given
   * back. Not to be called after that. @throws FileSystemError
   */
  async next(): Promise<readonly Buffer[]> {
    for (;;) {
      const length = this.#geometry.blockLength(this.#stripe, this.#index);
      const part = this.#parts[this.#index];
      if (length === 0 || !part) throw new Error('the segment was read beyond its end');
      const block = await part.next();
      this.#index += 1;
      if (this.#index === this.#parts.length || this.#geometry.blockLength(this.#stripe, this.#index) === 0) {
        this.#index = 0;
        this.#stripe += 1;
      }
      if (this.#stripe === this.#geometry.stripes) await this.#end();
      const wanted = withoutFirst(block, this.#skip);
      this.#skip = Math.max(0, this.#skip - length);
      if (wanted.length > 0) return wanted;
    }
  }

  /** Whether somebody waits for its connections. */
  get wanted(): boolean {
    return this.#connections.wanted;
  }

  async #end(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.end()));
    this.#connections.release();
  }

  /** Ends reading in the middle. */
  destroy(): void {
    this.#connections.destroy();
  }
}

function withoutFirst(chunks: readonly Buffer[], bytes: number): readonly Buffer[] {
  if (bytes === 0) return chunks;
  const rest: Buffer[] = [];
  let skip = bytes;
  for (const chunk of chunks) {
    if (skip < chunk.length) rest.push(chunk.subarray(skip));
    skip = Math.max(0, skip - chunk.length);
  }
  return rest;
}
