/**
 * Who writes parts of a segment that others have: one at a time, so that what repair and moving decide about its places
 * stays true until it is done. A client's upload needs none, since nobody else knows its segments.
 */
export class SegmentClaims {
  readonly #last = new Map<string, Promise<void>>();

  /**
   * Does something that writes parts of the segment when nobody else does.
   * @param work what it is to know of the segment it must read from the catalogue then, not before
   */
  async run<T>(segment: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(segment);
    const done = Promise.withResolvers<void>();
    this.#last.set(segment, done.promise);
    try {
      await before;
      return await work();
    } finally {
      done.resolve();
      if (this.#last.get(segment) === done.promise) this.#last.delete(segment);
    }
  }
}
