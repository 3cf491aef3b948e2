import type { Log } from '../../log/log.ts';
import type { Reachability } from './reachability.ts';
import type { NamedServer } from './storage-failure.ts';

/** Milliseconds for which others are preferred to a server that lagged behind or stood still. */
const slowInterval = 30_000;
/** Milliseconds for which such a one may hold up an upload. */
const shortPatience = 1_000;
/** Milliseconds for which a server may always hold up an upload before it lets it in; */
const leastLoginPatience = 2_000;
/** one that usually takes long so many times as long as that. */
const loginFactor = 3;
/** Milliseconds after which what was measured tells nothing any more. */
const paceInterval = 60_000;
/** Weight of the newest measurement in the average. */
const newest = 0.3;
/** Bytes that times are told for. */
const unit = 256 * 1024;

/** How quickly one storage server has answered of late. */
export class Promptness {
  readonly #server: NamedServer;
  readonly #reachability: Reachability;
  readonly #log: Log;
  #slowUntil = 0;
  #stillUntil = 0;
  #hopelessUntil = 0;
  #loginTime: number | undefined;
  #blockTime = 0;
  #measured = 0;

  constructor(server: NamedServer, reachability: Reachability, log: Log) {
    this.#server = server;
    this.#reachability = reachability;
    this.#log = log;
  }

  /** Why others are to be read from first: it did not answer the last time, or lagged behind of late. */
  get slowness(): string | undefined {
    return Date.now() < this.#slowUntil ? `${this.#server.name} lags behind the others` : this.standstill;
  }

  /**
   * Why waiting for it is likely to be in vain: it did not answer the last time, or stood still in an upload of late. Once
   * it answers again it gets another chance; when it stands still in that, too, none for a while.
   */
  get standstill(): string | undefined {
    const now = Date.now();
    const isStill = now < this.#hopelessUntil || (now < this.#stillUntil && this.#reachability.isSuspect);
    return (
      this.#reachability.silence ?? (isStill ? `${this.#server.name} stood still a moment ago` : undefined)
    );
  }

  /** @param milliseconds for which a storage server may hold up an upload. @returns less where it stood still of late */
  patience(milliseconds: number): number {
    return Date.now() < this.#stillUntil ? Math.min(milliseconds, shortPatience) : milliseconds;
  }

  /**
   * As {@link patience}, for a connection that is yet to be opened: no more than a few times what that usually takes,
   * while a disk that has to spin up first, or to flush, may take its time.
   */
  loginPatience(milliseconds: number): number {
    const most = this.patience(milliseconds);
    if (this.#loginTime === undefined) return most;
    return Math.min(most, Math.max(leastLoginPatience, loginFactor * this.#loginTime));
  }

  /** A connection was opened in so many milliseconds. */
  loggedIn(milliseconds: number): void {
    this.#loginTime = average(this.#loginTime, milliseconds);
  }

  /** Milliseconds in which 256 KiB come from it on one connection, on average of late; undefined if not known. */
  get blockTime(): number | undefined {
    return Date.now() - this.#measured < paceInterval ? this.#blockTime : undefined;
  }

  /** A download went on with others, which were quicker. */
  lagged(): void {
    const { number, name } = this.#server;
    if (this.slowness === undefined) this.#log.warn({ server: number }, `${name} lags behind the others`);
    this.#reachability.doubt();
    this.#slowUntil = Date.now() + slowInterval;
  }

  /** An upload went on without it. */
  stoodStill(): void {
    const isAgain = Date.now() < this.#stillUntil;
    this.lagged();
    this.#stillUntil = this.#slowUntil;
    if (isAgain) this.#hopelessUntil = this.#slowUntil;
  }

  /** It was waited for so many milliseconds when another one was quicker. */
  overtaken(milliseconds: number): void {
    this.measured(unit, milliseconds);
  }

  /** So many bytes came in so many milliseconds in which they were waited for. */
  measured(bytes: number, milliseconds: number): void {
    const time = (milliseconds / bytes) * unit;
    this.#blockTime = average(this.blockTime, time);
    this.#measured = Date.now();
  }
}

function average(known: number | undefined, measured: number): number {
  return known === undefined ? measured : known + (measured - known) * newest;
}
