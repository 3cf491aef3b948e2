import { failureOf, type PartFailure } from './part-failure.ts';
import type { PartReader } from './part-reader.ts';
import type { SparePart } from './spare-part.ts';

/** A part is late when its block takes so many times as long as the others' did, */
const lateFactor = 3;
/** but not before so many milliseconds; */
const leastLateness = 100;
/** nor before so many, where its server has yet to say that it has the part at all; */
const leastCheckLateness = 250;
/** and where there are no others, after so many. */
const lonelyLateness = 500;
/** Milliseconds between two looks. */
const interval = 25;
/** Milliseconds that a spare part has left when the late one has failed. */
const patience = 2_000;

export interface HedgeOptions {
  readonly parts: ReadonlyMap<number, PartReader>;
  /** Indices of the parts that can stand in, the best first. Those that were late come last. */
  readonly spares: number[];
  /** Opens a spare part at the stripe that is being read. */
  readonly begin: (index: number) => SparePart | undefined;
  /** The spare part is the first. */
  readonly exchange: (late: number, spare: number, reader: PartReader) => void;
  readonly onSpareFailure: (failure: PartFailure) => void;
}

/**
 * Asks another part for the same blocks when one is late compared with the others; whichever has its block first is read
 * from then on. One at a time: what is slow everywhere is not made faster by asking for more.
 */
export class Hedge {
  readonly #options: HedgeOptions;
  #spare: SparePart | undefined;
  /** Grows with each spare part that was asked for, so that noise does not end in ever more of them. */
  #reluctance = 1;

  constructor(options: HedgeOptions) {
    this.#options = options;
  }

  /** Resolves when the part's server has it, or another part in its place has a block. @throws FileSystemError */
  checked(index: number, part: PartReader): Promise<void> {
    return this.#hedged(index, part, part.check());
  }

  /** Resolves when the part, or another one in its place, has a block. @throws FileSystemError */
  ready(index: number, part: PartReader): Promise<void> {
    const ready = part.ready();
    return part.hasBlock ? ready : this.#hedged(index, part, ready);
  }

  async #hedged(index: number, part: PartReader, ready: Promise<void>): Promise<void> {
    if (this.#options.spares.length === 0) return ready;
    while (await this.#isLate(index, part, ready)) {
      const spare = this.#begin();
      if (!spare) continue;
      const winner = await this.#race(ready, spare);
      this.#spare = undefined;
      if (winner) {
        this.#options.exchange(index, spare.index, winner);
        this.#options.spares.push(index);
        return;
      }
      spare.giveUp();
      break;
    }
    return ready;
  }

  /** Ends a race that is going on. */
  stop(): void {
    this.#spare?.giveUp();
  }

  /** Resolves with false as soon as the part is ready, or has failed. */
  #isLate(index: number, part: PartReader, ready: Promise<void>): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setInterval(() => {
        if (!this.#spare && this.#options.spares.length > 0 && part.waiting > this.#limit(index)) end(true);
      }, interval);
      const end = (late: boolean) => {
        clearInterval(timer);
        resolve(late);
      };
      const settled = () => end(false);
      ready.then(settled, settled);
    });
  }

  /** Milliseconds after which that part is late; never while most of the others are no further. */
  #limit(index: number): number {
    const { parts } = this.#options;
    const part = parts.get(index);
    if (!part) return Number.POSITIVE_INFINITY;
    const others = [...parts].filter(([other]) => other !== index).map(([, other]) => other);
    const ahead = others.filter((other) => other.isAheadOf(part));
    if (ahead.length * 2 < others.length) return Number.POSITIVE_INFINITY;
    if (others.length === 0) return lonelyLateness * this.#reluctance;
    const times = ahead.map(({ blockTime }) => blockTime).sort((a, b) => a - b);
    const median = times[Math.floor(times.length / 2)] ?? 0;
    const least = part.isChecked ? leastLateness : leastCheckLateness;
    return Math.max(least, lateFactor * median) * this.#reluctance;
  }

  #begin(): SparePart | undefined {
    const { spares, begin } = this.#options;
    for (const [position, index] of spares.entries()) {
      const spare = begin(index);
      if (!spare) continue;
      spares.splice(position, 1);
      this.#reluctance *= 2;
      this.#spare = spare;
      return spare;
    }
    this.#reluctance *= 2; // Their servers have much to do.
    return undefined;
  }

  /** @returns undefined when the late part was first, or the spare one has failed */
  async #race(ready: Promise<void>, spare: SparePart): Promise<PartReader | undefined> {
    const { spares, onSpareFailure } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    let isFirst = false;
    // Once it has won, the spare part is the reader's, whatever becomes of the late one.
    let isOver = false;
    ready.then(
      () => {
        if (isOver) return;
        isFirst = true;
        spare.giveUp();
      },
      () => {
        if (!isOver) timer = setTimeout(() => spare.giveUp(), patience);
      },
    );
    try {
      const reader = await spare.opened();
      if (!isFirst) return reader;
    } catch (error) {
      const failure = failureOf(spare.index, error);
      if (!isFirst && failure.error.kind !== 'aborted') onSpareFailure(failure);
    } finally {
      isOver = true;
      clearTimeout(timer);
    }
    if (isFirst) spares.push(spare.index);
    return undefined;
  }
}
