/** Milliseconds after a refusal until one more connection is tried again, then another one after the same time. */
const growthInterval = 60_000;

/**
 * How many control connections a storage server may be asked for: what is configured or usual, less when it refuses
 * some (421 or 530, "too many connections"), and slowly more again, since its other users come and go.
 */
export class ConnectionLimit {
  #most: number;
  #lowered = Number.POSITIVE_INFINITY;
  #since = 0;

  /** @param most never more than that */
  constructor(most: number) {
    this.#most = most;
  }

  set most(most: number) {
    this.#most = most;
  }

  /** @param now milliseconds */
  current(now: number): number {
    const grown = this.#lowered + Math.floor((now - this.#since) / growthInterval);
    if (grown >= this.#most) this.#lowered = Number.POSITIVE_INFINITY;
    return Math.min(this.#most, grown);
  }

  /** Whether the server has shown how many it takes. */
  isLowered(now: number): boolean {
    return this.current(now) < this.#most;
  }

  /**
   * The server refused a connection.
   * @param inUse how many were wanted at that time, the refused one included
   */
  refused(inUse: number, now: number): void {
    this.#lowered = Math.max(1, Math.min(this.current(now), inUse - 1));
    this.#since = now;
  }
}
