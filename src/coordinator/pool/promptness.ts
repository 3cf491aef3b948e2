/** Milliseconds for which others are preferred to a server that lagged behind or stood still. */
const slowInterval = 30_000;
/** Milliseconds after which what was measured tells nothing any more. */
const paceInterval = 60_000;
/** Weight of the newest measurement in the average. */
const newest = 0.3;
/** Bytes that times are told for. */
const unit = 256 * 1024;

/** How quickly one storage server has answered of late. */
export class Promptness {
  #slowUntil = 0;
  #stillUntil = 0;
  #blockTime = 0;
  #measured = 0;

  /** Whether it lagged behind others, or stood still, of late. */
  get lagsBehind(): boolean {
    return Date.now() < this.#slowUntil;
  }

  get standsStill(): boolean {
    return Date.now() < this.#stillUntil;
  }

  /** Milliseconds in which 256 KiB come from it on one connection, on average of late; undefined if not known. */
  get blockTime(): number | undefined {
    return Date.now() - this.#measured < paceInterval ? this.#blockTime : undefined;
  }

  lagged(): void {
    this.#slowUntil = Date.now() + slowInterval;
  }

  stoodStill(): void {
    this.lagged();
    this.#stillUntil = this.#slowUntil;
  }

  /** So many bytes came in so many milliseconds in which they were waited for. */
  measured(bytes: number, milliseconds: number): void {
    const time = (milliseconds / bytes) * unit;
    const known = this.blockTime;
    this.#blockTime = known === undefined ? time : known + (time - known) * newest;
    this.#measured = Date.now();
  }
}
