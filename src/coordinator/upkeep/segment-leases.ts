/** Which segments are being read: their parts stay, even when the file they belonged to is replaced or deleted. */
export class SegmentLeases {
  readonly #readers = new Map<string, number>();

  /** @returns ends the lease */
  take(segments: readonly string[]): () => void {
    for (const id of segments) this.#readers.set(id, (this.#readers.get(id) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      for (const id of segments) {
        const readers = (this.#readers.get(id) ?? 1) - 1;
        if (readers > 0) this.#readers.set(id, readers);
        else this.#readers.delete(id);
      }
    };
  }

  has(segment: string): boolean {
    return this.#readers.has(segment);
  }
}
