/** Milliseconds for which a server counts as full after it had no room for a part. */
const fullInterval = 10 * 60_000;

/** How a storage server has fared since the coordinator started. */
export class ServerCondition {
  #errors = 0;
  #downSince: number | undefined;
  #fullUntil = 0;

  /** Operations that failed on it. */
  get errors(): number {
    return this.#errors;
  }

  /** Milliseconds of the clock ({@link Date.now}) since when nobody gets a connection; undefined while it is up. */
  get downSince(): number | undefined {
    return this.#downSince;
  }

  /** Whether it had no room for a part of late. */
  get isFull(): boolean {
    return Date.now() < this.#fullUntil;
  }

  answered(): void {
    this.#downSince = undefined;
  }

  refused(): void {
    this.#errors += 1;
    this.#downSince ??= Date.now();
  }

  /** A write failed. @param full for want of space */
  failedToWrite(full: boolean): void {
    this.#errors += 1;
    if (full) this.#fullUntil = Date.now() + fullInterval;
  }

  /** A part of it was not there, or not right. */
  failedToKeep(): void {
    this.#errors += 1;
  }

  /** There is room again. */
  hasRoom(): void {
    this.#fullUntil = 0;
  }
}
