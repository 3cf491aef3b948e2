import { checkBytes, defaultBlockBytes } from './part-format.ts';

/** Memory for so many whole blocks waits for the next ones, 8 MiB; what is more is left to V8. */
const mostFree = 32;
const free: BlockMemory[] = [];

/**
 * Memory for the bytes of one block and its check. They stay as they are until everybody who holds them has released
 * them; only then they may become another block's. Who never does, because a transfer failed or nothing depends on it, leaves
 * them to V8.
 *
 * A transfer needs few blocks at any moment, but thousands in all. Left to V8, those that were in use when it looked twice
 * wait until it looks through its whole heap, so that a long transfer would take more memory than a short one.
 */
export class BlockMemory {
  /** Of the block. */
  readonly content: Buffer;
  /** The content, and behind it the check. */
  readonly whole: Buffer;
  #holders = 1;

  private constructor(length: number) {
    this.whole = Buffer.allocUnsafeSlow(length + checkBytes);
    this.content = this.whole.subarray(0, length);
  }

  /**
   * Memory that the caller holds. What was in it before is in it still.
   * @param length of the block; only that of whole ones is used again
   */
  static take(length: number): BlockMemory {
    const memory = length === defaultBlockBytes ? free.pop() : undefined;
    if (!memory) return new BlockMemory(length);
    memory.#holders = 1;
    return memory;
  }

  /** One holder more. */
  hold(): void {
    if (this.#holders === 0) throw new Error('the memory of this block was given back');
    this.#holders += 1;
  }

  /** One holder less: it neither reads nor writes the bytes any more. */
  release(): void {
    if (this.#holders === 0) throw new Error('the memory of this block was given back before');
    this.#holders -= 1;
    const isReusable = this.#holders === 0 && this.content.length === defaultBlockBytes;
    if (isReusable && free.length < mostFree) free.push(this);
  }
}
