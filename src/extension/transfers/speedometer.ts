/** Milliseconds that a speed is taken over: at most, and, since less would be chance, at least. */
const span = { most: 5_000, least: 1_000 } as const;

/** How much a second has moved lately: bytes, or files. */
export class Speedometer {
  readonly #now: () => number;
  readonly #samples: { time: number; amount: number }[] = [];
  /** When something began to move after nothing did. */
  #start = 0;
  #best = 0;

  /** @param now milliseconds, from anywhere on */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  moved(amount: number): void {
    const time = this.#now();
    this.#drop(time);
    if (this.#samples.length === 0) this.#start = time;
    const last = this.#samples.at(-1);
    // A second has ten samples at most, however many blocks it has.
    if (last !== undefined && time - last.time < 100) last.amount += amount;
    else this.#samples.push({ time, amount });
    if (time - this.#start >= span.most) this.#best = Math.max(this.#best, this.speed);
  }

  /** A second. */
  get speed(): number {
    const time = this.#now();
    this.#drop(time);
    const amount = this.#samples.reduce((sum, sample) => sum + sample.amount, 0);
    return (amount * 1000) / Math.min(Math.max(time - this.#start, span.least), span.most);
  }

  /** The highest speed so far that lasted. */
  get best(): number {
    return this.#best;
  }

  #drop(time: number): void {
    while ((this.#samples[0]?.time ?? time) < time - span.most) this.#samples.shift();
  }
}
