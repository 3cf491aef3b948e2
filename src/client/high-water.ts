/** How far a file has come in several attempts: what is moved a second time is not told again. */
export class HighWater {
  readonly #onBytes: (bytes: number) => void;
  #bytes = 0;

  constructor(onBytes: (bytes: number) => void) {
    this.#onBytes = onBytes;
  }

  /** Furthest position that was reached. */
  get bytes(): number {
    return this.#bytes;
  }

  /** For an attempt that begins at `position`: takes the bytes that it moves. */
  from(position: number): (bytes: number) => void {
    let reached = position;
    return (bytes) => {
      reached += bytes;
      if (reached <= this.#bytes) return;
      this.#onBytes(reached - this.#bytes);
      this.#bytes = reached;
    };
  }
}
