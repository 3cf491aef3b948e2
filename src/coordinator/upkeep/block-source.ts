import { FileSystemError } from '../../ftp/file-system.ts';
import type { StoredSegment } from '../catalogue/catalogue.ts';
import { PartReader, type VerifiedBlock } from '../segments/part-reader.ts';
import type { UpkeepLine } from './upkeep-connections.ts';

/** Blocks that may be wrong one after the other before the rest of the part is not tried any more. */
const mostWrong = 3;

/**
 * One part as a source of verified blocks, stripe after stripe. A wrong block costs that block alone: reading goes on
 * behind it, so that parts that are damaged in different places still give the segment back.
 */
export class BlockSource {
  readonly index: number;
  readonly #line: UpkeepLine;
  readonly #pool: string;
  readonly #segment: StoredSegment;
  #reader: PartReader | undefined;
  /** Of the reader. */
  #next = 0;
  #wrong = 0;
  #failure: FileSystemError | undefined;

  constructor(line: UpkeepLine, pool: string, segment: StoredSegment, index: number) {
    this.#line = line;
    this.#pool = pool;
    this.#segment = segment;
    this.index = index;
  }

  /** Storage server. */
  get server(): number {
    return this.#line.server.number;
  }

  /** Why the part gave no block, the last time. */
  get failure(): FileSystemError | undefined {
    return this.#failure;
  }

  /** Whether it gives nothing any more. */
  get isExhausted(): boolean {
    return this.#wrong >= mostWrong || (this.#failure !== undefined && this.#failure.kind !== 'damaged');
  }

  /** Undefined when the block is wrong, or cannot be had. Stripes are asked for in growing order. */
  async block(stripe: number): Promise<VerifiedBlock | undefined> {
    if (this.isExhausted) return undefined;
    try {
      if (!this.#reader || this.#next !== stripe) await this.#open(stripe);
      const block = await this.#reader?.next();
      this.#next = stripe + 1;
      this.#wrong = 0;
      return block;
    } catch (error) {
      if (!(error instanceof FileSystemError)) throw error;
      this.#failure = error;
      this.#wrong += 1;
      this.#close();
      return undefined;
    }
  }

  /** After the last stripe: sees that the end is right, where it was read up to there. @param stripes of the segment */
  async end(stripes: number): Promise<void> {
    if (this.#next !== stripes) {
      this.#close();
      return;
    }
    try {
      await this.#reader?.end();
      this.#reader = undefined;
    } catch (error) {
      if (!(error instanceof FileSystemError)) throw error;
      this.#failure = error;
      this.#close();
    }
  }

  async #open(stripe: number): Promise<void> {
    this.#close();
    const line = await this.#line.open();
    this.#reader = new PartReader(line, this.#pool, this.#segment, this.index, stripe);
    this.#next = stripe;
    this.#reader.start();
  }

  #close(): void {
    if (this.#reader) this.#line.interrupt();
    this.#reader = undefined;
  }
}
