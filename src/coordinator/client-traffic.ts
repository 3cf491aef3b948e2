/** Milliseconds after the last bytes of clients for which their transfers count as going on. */
const interval = 1_000;

/** When bytes of clients moved the last time, so that upkeep can step back meanwhile. */
export class ClientTraffic {
  readonly #now: () => number;
  #last = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds that only grow */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get isMoving(): boolean {
    return this.#now() - this.#last < interval;
  }

  /** Bytes of a client moved. */
  note(): void {
    this.#last = this.#now();
  }
}
