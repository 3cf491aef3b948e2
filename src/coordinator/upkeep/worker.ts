import type { Log } from '../../log/log.ts';

/** Does rounds of work in the background, one after the other, as long as there is any; then looks again now and then. */
export class Worker {
  readonly #round: (signal: AbortSignal) => Promise<boolean>;
  readonly #interval: number;
  readonly #name: string;
  readonly #log: Log;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #again = false;

  /**
   * @param round does a piece of the work. @returns whether there may be more at once
   * @param interval milliseconds after which to look again when there was none
   */
  constructor(name: string, interval: number, log: Log, round: (signal: AbortSignal) => Promise<boolean>) {
    this.#name = name;
    this.#interval = interval;
    this.#log = log;
    this.#round = round;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** There may be work now. Returns at once. */
  wake(): void {
    if (this.#stop.signal.aborted) return;
    this.#again = true;
    clearTimeout(this.#timer);
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
      if (this.#again) this.wake();
      else this.#sleep();
    });
  }

  /** Resolves when nothing is going on any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #work(): Promise<void> {
    const { signal } = this.#stop;
    while (this.#again && !signal.aborted) {
      this.#again = false;
      try {
        if (await this.#round(signal)) this.#again = true;
      } catch (error) {
        if (!signal.aborted) this.#log.error({ err: error }, `${this.#name} failed and is tried again later`);
      }
    }
  }

  #sleep(): void {
    if (this.#stop.signal.aborted) return;
    this.#timer = setTimeout(() => this.wake(), this.#interval);
  }
}
