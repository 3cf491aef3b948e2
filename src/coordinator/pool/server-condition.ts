/**
 * Milliseconds for which a server counts as full after it had no room for a part: short at first, since somebody may
 * just make room, doubled when it has none soon after.
 */
const firstFullInterval = 5_000;
const longestFullInterval = 10 * 60_000;

/** How a storage server has fared since the coordinator started. */
export class ServerCondition {
  #errors = 0;
  #fullUntil = 0;
  #fullInterval = firstFullInterval;

  /** Operations that failed on it. */
  get errors(): number {
    return this.#errors;
  }

  /** Whether it had no room for a part of late. */
  get isFull(): boolean {
    return Date.now() < this.#fullUntil;
  }

  /** Nobody got a connection. */
  failedToAnswer(): void {
    this.#errors += 1;
  }

  /** A write failed. @param full for want of space */
  failedToWrite(full: boolean): void {
    this.#errors += 1;
    const now = Date.now();
    if (!full || now < this.#fullUntil) return; // What was under way at the same time had no room either.
    const isNew = now - this.#fullUntil > this.#fullInterval;
    this.#fullInterval = isNew ? firstFullInterval : Math.min(2 * this.#fullInterval, longestFullInterval);
    this.#fullUntil = now + this.#fullInterval;
  }

  /** A part of it was not there, or not right. */
  failedToKeep(): void {
    this.#errors += 1;
  }

  /** There is room again, or somebody wants it to be tried. */
  hasRoom(): void {
    this.#fullUntil = 0;
  }
}
