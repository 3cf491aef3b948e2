/** Milliseconds for which others are preferred to a server that lagged behind or stood still. */
const slowInterval = 30_000;
/** Milliseconds after which what was measured tells nothing any more. */
const paceInterval = 60_000;
/** Weight of the newest measurement in the average. */
const newest = 0.3;

/** How quickly one storage server has answered of late. */
export class Promptness {
  #slowUntil = 0;
  #stillUntil = 0;
  #pace = 0;
  #measured = 0;

  /** Whether it lagged behind others, or stood still, of late. */
  get lagsBehind(): boolean {
    return Date.now() < this.#slowUntil;
  }

  get standsStill(): boolean {
    return Date.now() < this.#stillUntil;
  }

  /** Bytes per millisecond that come from it on one connection while they are waited for; undefined if not known. */
  get pace(): number | undefined {
    return Date.now() - this.#measured < paceInterval ? this.#pace : undefined;
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
    const pace = bytes / Math.max(milliseconds, 0.01);
    const known = this.pace;
    this.#pace = known === undefined ? pace : known + (pace - known) * newest;
    this.#measured = Date.now();
  }
}
