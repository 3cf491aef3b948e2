/** A block in the chunks that it arrived in. */
export type Chunks = readonly Buffer[];

/** What stands behind the end of a block that is shorter than its stripe's longest. */
const zeros = Buffer.alloc(64 * 1024);

/**
 * Walks blocks side by side in runs in which each of them is one piece of memory, so that arithmetic over whole blocks
 * needs no copy of them. A block that ends before `length` goes on in zeros.
 * @param visit gets the run's piece of every block, and where in the blocks it begins
 */
export function eachRun(
  blocks: readonly Chunks[],
  length: number,
  visit: (pieces: readonly Buffer[], start: number) => void,
): void {
  const cursors = blocks.map((chunks) => new ChunkCursor(chunks));
  for (let start = 0; start < length; ) {
    let run = Math.min(length - start, zeros.length);
    for (const cursor of cursors) run = Math.min(run, cursor.contiguous);
    visit(
      cursors.map((cursor) => cursor.take(run)),
      start,
    );
    start += run;
  }
}

class ChunkCursor {
  readonly #chunks: Chunks;
  #next = 0;
  #rest: Buffer = zeros.subarray(0, 0);

  constructor(chunks: Chunks) {
    this.#chunks = chunks;
    this.#advance();
  }

  /** Bytes up to the end of the chunk; any number behind the last one. */
  get contiguous(): number {
    return this.#rest.length > 0 ? this.#rest.length : zeros.length;
  }

  /** @param length at most {@link contiguous} */
  take(length: number): Buffer {
    if (this.#rest.length === 0) return zeros.subarray(0, length);
    const piece = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    this.#advance();
    return piece;
  }

  #advance(): void {
    while (this.#rest.length === 0) {
      const chunk = this.#chunks[this.#next];
      if (!chunk) return;
      this.#rest = chunk;
      this.#next += 1;
    }
  }
}
