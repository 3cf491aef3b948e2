import type { FileSystemError } from '../../ftp/file-system.ts';
import type { Opening } from './opening.ts';
import { type PoolLine, releaseLine } from './pool-connections.ts';

/** A server is late when to let somebody in takes it so many times as long as the others, */
const lateFactor = 3;
/** but not before so many milliseconds. */
const leastLateness = 250;
/** Milliseconds between two looks. */
const interval = 25;

/** How long those have taken that are opened side by side with a connection. */
export class OpeningTimes {
  readonly #others: number;
  readonly #began = performance.now();
  readonly #times: number[] = [];

  /** @param openings how many are begun now */
  constructor(openings: number) {
    this.#others = openings - 1;
  }

  /** One of them is there. */
  add(): void {
    this.#times.push(this.elapsed);
  }

  /** Milliseconds. */
  get elapsed(): number {
    return performance.now() - this.#began;
  }

  /** Whether one that is not there by now is late; never while most of the others are no further. */
  get isLate(): boolean {
    if (this.#times.length * 2 < this.#others) return false;
    const median = this.#times[Math.floor(this.#times.length / 2)] ?? 0;
    return this.elapsed > Math.max(leastLateness, lateFactor * median);
  }
}

/** One that is being opened, and its index among those that were asked for. */
export interface Runner {
  readonly index: number;
  readonly opening: Opening;
}

export interface OpeningRaceOptions {
  readonly first: Runner;
  readonly times: OpeningTimes;
  /** Begins to open a connection to another server, whichever may stand in; undefined where there is none. */
  readonly another: () => Runner | undefined;
  readonly onFailure: (index: number, error: FileSystemError) => void;
  /** Another one was let in before the first, after so many milliseconds. */
  readonly onOvertaken: (milliseconds: number) => void;
}

/**
 * A connection to one server or, when that fails or is late, to another that is asked beside it: whichever lets somebody
 * in first. What the others open after that goes to whoever needs it next.
 */
export class OpeningRace {
  /** @throws what the last one failed with */
  readonly winner: Promise<{ readonly index: number; readonly line: PoolLine }>;
  readonly #options: OpeningRaceOptions;
  readonly #result = Promise.withResolvers<{ readonly index: number; readonly line: PoolLine }>();
  readonly #running = new Set<Runner>();
  readonly #timer: NodeJS.Timeout;
  #isOver = false;
  #isGivenUp = false;

  constructor(options: OpeningRaceOptions) {
    this.#options = options;
    this.winner = this.#result.promise;
    // One beside the first: what is slow everywhere is not made faster by asking for more.
    this.#timer = setInterval(() => {
      if (options.times.isLate && this.#running.size === 1) this.#beginAnother();
    }, interval);
    this.#run(options.first);
  }

  /** Whether the first one is still waited for. */
  get awaitsFirst(): boolean {
    return this.#running.has(this.#options.first);
  }

  /** Nobody waits for it any more. */
  giveUp(): void {
    this.#isGivenUp = true;
    for (const { opening } of this.#running) opening.giveUp();
  }

  #beginAnother(): boolean {
    const another = this.#isGivenUp ? undefined : this.#options.another();
    if (another) this.#run(another);
    return another !== undefined;
  }

  #run(runner: Runner): void {
    const { index, opening } = runner;
    this.#running.add(runner);
    opening.line.then(
      (line) => {
        this.#running.delete(runner);
        if (this.#isOver) releaseLine(line);
        else this.#end(index, line);
      },
      (error: FileSystemError) => {
        this.#running.delete(runner);
        if (this.#isOver) return; // It was given up, or nobody waits for it any more.
        this.#options.onFailure(index, error);
        if (this.#running.size > 0 || this.#beginAnother()) return;
        this.#isOver = true;
        clearInterval(this.#timer);
        this.#result.reject(error);
      },
    );
  }

  #end(index: number, line: PoolLine): void {
    const { times, onOvertaken } = this.#options;
    this.#isOver = true;
    clearInterval(this.#timer);
    times.add();
    if (this.awaitsFirst) onOvertaken(times.elapsed);
    for (const { opening } of this.#running) opening.giveUp();
    this.#result.resolve({ index, line });
  }
}
