import { FileSystemError } from '../../ftp/file-system.ts';
import type { StoredSegment } from '../catalogue/catalogue.ts';
import { DamagedPartError } from '../segments/part-failure.ts';
import { PartReader, type VerifiedBlock } from '../segments/part-reader.ts';
import type { UpkeepLine } from './upkeep-connections.ts';

/** Blocks that are wrong one after the other: as many more are to be expected, so others are asked first. */
const manyWrong = 3;

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
  #isChecked = false;
  #wrong = 0;
  #damage: FileSystemError | undefined;
  #failure: FileSystemError | undefined;

  constructor(line: UpkeepLine, pool: string, segment: StoredSegment, index: number) {
    this.#line = line;
    this.#pool = pool;
    this.#segment = segment;
    this.index = index;
  }

  /** What is wrong with the part, or with the way to it, the last time. */
  get failure(): FileSystemError | undefined {
    return this.#failure;
  }

  /** What is wrong with the part itself, as was found first. */
  get damage(): FileSystemError | undefined {
    return this.#damage;
  }

  /** Whether it gives nothing any more. */
  get isExhausted(): boolean {
    const { failure } = this;
    return failure !== undefined && (failure.kind !== 'damaged' || isMissing(failure));
  }

  /** Whether its last blocks were wrong. */
  get isDoubtful(): boolean {
    return this.#wrong >= manyWrong;
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
      this.#note(error);
      this.#wrong += 1;
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
      this.#note(error);
    }
  }

  async #open(stripe: number): Promise<void> {
    this.#close();
    const line = await this.#line.open();
    const reader = new PartReader(line, this.#pool, this.#segment, this.index, stripe);
    if (!this.#isChecked) await this.#check(reader);
    this.#reader = reader;
    this.#next = stripe;
    reader.start();
  }

  /** Of a part that is too short, or too long, some blocks may still be right. @throws FileSystemError where it is not */
  async #check(reader: PartReader): Promise<void> {
    try {
      await reader.check();
    } catch (error) {
      if (!(error instanceof DamagedPartError) || isMissing(error)) throw error;
      this.#damage ??= error;
    }
    this.#isChecked = true;
  }

  #note(error: unknown): void {
    if (!(error instanceof FileSystemError)) throw error;
    this.#failure = error;
    if (error.kind === 'damaged') this.#damage ??= error;
    this.#close();
  }

  #close(): void {
    if (this.#reader) this.#line.interrupt();
    this.#reader = undefined;
  }
}

function isMissing(error: FileSystemError): boolean {
  return error instanceof DamagedPartError && error.damage === 'missing';
}
