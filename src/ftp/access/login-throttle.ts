import { setTimeout as delay } from 'node:timers/promises';
import type { Limits } from '../limits.ts';
import { clientNetwork } from './client-network.ts';

interface Failures {
  failures: number;
  /** The time to which `failures` belongs, by `performance.now()`. */
  since: number;
  /** Logins that are being delayed. */
  waiting: number;
}

/** One failure is forgotten in this time. */
const forgetMs = 60_000;
/** More are not counted, so that all are forgotten within ten minutes. */
const mostFailures = 10;
const mostDoublings = 4;
/** Addresses that are remembered; those that failed the longest ago go first. */
const mostRecords = 10_000;

/**
 * Slows down the guessing of passwords, over connections. Every login from an address with recent failures waits before
 * it is looked at, right or wrong (to answer right ones at once would tell wrong ones): twice as long for each failure,
 * 16 times the first delay at most, which is 8 s by default. A failure is forgotten each minute. No address is shut
 * out: a right login waits 8 s at the worst; only while more logins of its address than {@link Limits.loginsWaiting}
 * wait side by side is a further one turned away. Loopback is like any other address.
 */
export class LoginThrottle {
  readonly #limits: Pick<Limits, 'failedLoginDelayMs' | 'loginsWaiting'>;
  readonly #now: () => number;
  /** By client network, in the order of the last failure. */
  readonly #records = new Map<string, Failures>();

  constructor(
    limits: Pick<Limits, 'failedLoginDelayMs' | 'loginsWaiting'>,
    now: () => number = () => performance.now(),
  ) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Addresses of which a failure is known. */
  get size(): number {
    return this.#records.size;
  }

  /** Milliseconds that a login from this address has to wait now. */
  delayOf(address: string): number {
    const record = this.#records.get(clientNetwork(address));
    const failures = record ? this.#failuresOf(record) : 0;
    if (failures === 0) return 0;
    return this.#limits.failedLoginDelayMs * 2 ** Math.min(failures - 1, mostDoublings);
  }

  /**
   * Waits as long as this login has to.
   * @param closed ends the wait: whoever wanted to log in is gone
   * @returns false when too many from this address wait already, or when it is gone
   */
  async admit(address: string, closed: AbortSignal): Promise<boolean> {
    const milliseconds = this.delayOf(address);
    if (milliseconds === 0) return !closed.aborted;
    const record = this.#records.get(clientNetwork(address));
    if (!record || record.waiting >= this.#limits.loginsWaiting) return false;
    record.waiting++;
    try {
      await delay(milliseconds, undefined, { signal: closed });
      return true;
    } catch (error) {
      if (closed.aborted) return false;
      throw error;
    } finally {
      record.waiting--;
    }
  }

  failed(address: string): void {
    const network = clientNetwork(address);
    const record = this.#records.get(network) ?? { failures: 0, since: 0, waiting: 0 };
    record.failures = Math.min(this.#failuresOf(record) + 1, mostFailures);
    record.since = this.#now();
    this.#records.delete(network);
    this.#records.set(network, record);
    this.#forget();
  }

  #failuresOf({ failures, since }: Failures): number {
    return Math.max(0, failures - Math.floor((this.#now() - since) / forgetMs));
  }

  #forget(): void {
    for (const [network, record] of this.#records) {
      const old = this.#failuresOf(record) === 0 && record.waiting === 0;
      if (!old && this.#records.size <= mostRecords) return;
      this.#records.delete(network);
    }
  }
}
