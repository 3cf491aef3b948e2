/** Bytes waiting in the chunks they arrived in; taken in other lengths without copying them. */
export class ByteQueue {
  readonly #chunks: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** Moves the next bytes into `target`, as far as there are any. */
  moveTo(target: Uint8Array): void {
    let position = 0;
    for (const chunk of this.take(target.length)) {
      target.set(chunk, position);
      position += chunk.length;
    }
  }

  /** The next `length` bytes, at most {@link length}. */
  take(length: number): Buffer[] {
    const taken: Buffer[] = [];
    let rest = Math.min(length, this.#length);
    this.#length -= rest;
    while (rest > 0) {
      const chunk = this.#chunks[0];
      if (!chunk) break;
      if (chunk.length <= rest) {
        this.#chunks.shift();
        taken.push(chunk);
        rest -= chunk.length;
      } else {
        this.#chunks[0] = chunk.subarray(rest);
        taken.push(chunk.subarray(0, rest));
        rest = 0;
      }
    }
    return taken;
  }
}
