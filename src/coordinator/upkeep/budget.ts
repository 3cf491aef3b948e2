import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds of work that may be done at once after a rest. */
const burst = 1_000;
/** Upkeep costs so many times as much while clients transfer: it steps back, and yet comes to its end. */
export const costBesideTransfers = 10;

export interface Clock {
  /** Milliseconds that only grow. */
  now(): number;
  /** @throws the signal's reason */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: async (milliseconds, signal) => {
    try {
      await delay(milliseconds, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
};

/** Whether bytes of clients have moved of late. */
export interface Traffic {
  readonly isMoving: boolean;
}

/** How fast bytes may be handled. */
export interface Pace {
  /**
   * Resolves when it is time to go on after so many bytes.
   * @throws the signal's reason
   */
  spend(bytes: number, signal: AbortSignal): Promise<void>;
}

/** The bytes per second that all of upkeep shares, so that it never gets in the way of transfers. */
export class Budget implements Pace {
  readonly #bytesPerMs: number;
  readonly #traffic: Traffic;
  readonly #clock: Clock;
  /** Milliseconds of the clock until which the budget is spent. */
  #spentUntil = 0;

  /** @param rate megabytes (10^6 bytes) per second; with 0 there is no upkeep */
  constructor(rate: number, traffic: Traffic, clock = systemClock) {
    this.#bytesPerMs = rate * 1000;
    this.#traffic = traffic;
    this.#clock = clock;
  }

  get isNothing(): boolean {
    return this.#bytesPerMs === 0;
  }

  async spend(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const now = this.#clock.now();
    const cost = (bytes / this.#bytesPerMs) * (this.#traffic.isMoving ? costBesideTransfers : 1);
    this.#spentUntil = Math.max(this.#spentUntil, now - burst) + cost;
    const wait = this.#spentUntil - now;
    if (wait > 0) await this.#clock.sleep(wait, signal);
  }
}

/** For what somebody waits for: as fast as it goes while no client transfers, and else within a budget. */
export class UrgentPace implements Pace {
  readonly #budget: Budget;
  readonly #traffic: Traffic;

  constructor(budget: Budget, traffic: Traffic) {
    this.#budget = budget;
    this.#traffic = traffic;
  }

  async spend(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#traffic.isMoving) await this.#budget.spend(bytes, signal);
  }
}
