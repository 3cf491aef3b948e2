/** Milliseconds that a speed is taken over. */
const span = 5_000;

/** How many bytes a second have moved lately. */
export class Speedometer {
  readonly #now: () => number;
  readonly #samples: { time: number; bytes: number }[] = [];
  #start: number;

  /** @param now milliseconds, from anywhere on */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#start = now();
  }

  moved(bytes: number): void {
    const time = this.#now();
    const last = this.#samples.at(-1);
    // A second has ten samples at most, however many blocks it has.
    if (last !== undefined && time - last.time < 100) last.bytes += bytes;
    else this.#samples.push({ time, bytes });
    this.#drop(time);
  }

  /** Bytes a second. */
  get speed(): number {
    const time = this.#now();
    this.#drop(time);
    const bytes = this.#samples.reduce((sum, sample) => sum + sample.bytes, 0);
    const elapsed = Math.min(time - this.#start, span);
    return elapsed <= 0 ? 0 : (bytes * 1000) / elapsed;
  }

  #drop(time: number): void {
    while ((this.#samples[0]?.time ?? time) < time - span) this.#samples.shift();
  }
}
