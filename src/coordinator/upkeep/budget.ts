import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds of work that may be done at once after a rest. */
const burst = 1_000;

/** The bytes per second that all of upkeep shares, so that it never gets in the way of transfers. */
export class Budget {
  readonly #bytesPerMs: number;
  /** Milliseconds of the clock until which the budget is spent. */
  #spentUntil = 0;

  /** @param rate megabytes (10^6 bytes) per second; with 0 there is no upkeep */
  constructor(rate: number) {
    this.#bytesPerMs = rate * 1000;
  }

  get isNothing(): boolean {
    return this.#bytesPerMs === 0;
  }

  /**
   * Resolves when it is time to go on after so many bytes.
   * @throws the signal's reason
   */
  async spend(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const now = performance.now();
    this.#spentUntil = Math.max(this.#spentUntil, now - burst) + bytes / this.#bytesPerMs;
    const wait = this.#spentUntil - now;
    if (wait > 0) await delay(wait, undefined, { signal });
  }
}
