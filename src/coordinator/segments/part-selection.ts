import { FileSystemError } from '../../ftp/file-system.ts';
import type { StoredPart, StoredSegment } from '../catalogue/catalogue.ts';
import type { Pool } from '../pool/pool.ts';
import type { Promptness } from '../pool/promptness.ts';
import { DamagedPartError, type PartFailure } from './part-failure.ts';
import { SegmentGeometry } from './part-format.ts';

/** A storage server that could not be reached is tried so often for one segment: it may just restart. */
const mostAttempts = 2;

/** Milliseconds in which a block comes from a server that nobody calls slow: computing from others takes time, too. */
const quickBlock = 10;
/** So many times as slow as the quickest: then others are read. */
const slowFactor = 3;

export interface ChosenParts {
  /** Of the `k` parts that promise most. */
  readonly indices: readonly number[];
  /** Of those that can stand in for one that lags behind, the best first. */
  readonly spares: readonly number[];
}

/** Which `k` parts of a segment to read, by what became of those that were read before. */
export class PartSelection {
  readonly #pool: Pool;
  #segment: StoredSegment;
  readonly #failures = new Map<number, PartFailure>();
  readonly #attempts = new Map<number, number>();

  constructor(segment: StoredSegment, pool: Pool) {
    this.#segment = segment;
    this.#pool = pool;
  }

  note(failure: PartFailure): void {
    const { index, kind } = failure;
    this.#failures.set(index, failure);
    if (kind === 'unavailable') this.#attempts.set(index, (this.#attempts.get(index) ?? 0) + 1);
  }

  get segment(): StoredSegment {
    return this.#segment;
  }

  /**
   * Looks at parts again that have been stored, moved or verified since.
   * @param current the same segment as it is now
   * @returns whether there are any
   */
  renew(current: StoredSegment): boolean {
    const before = this.#segment.parts;
    const renewed = [...current.parts.keys()].filter((index) =>
      isRenewed(before[index], current.parts[index]),
    );
    for (const index of renewed) {
      this.#failures.delete(index);
      this.#attempts.delete(index);
    }
    this.#segment = current;
    return renewed.length > 0;
  }

  /**
   * @param offset of the first byte that is to be read now, in the segment
   * @throws FileSystemError when fewer than `k` are left, naming the storage servers that are needed
   */
  choose(offset: number): ChosenParts {
    const { layout, blockBytes, length } = this.#segment;
    const { dataParts } = layout;
    const stripe = Math.floor(offset / new SegmentGeometry(layout, blockBytes, length).stripeBytes);
    const ranked = this.#segment.parts
      .map(({ server }, index) => ({
        index,
        rank: this.#rank(index, stripe),
        time: this.#blockTime(server) ?? 0,
      }))
      .filter(({ rank }) => rank < unusable)
      .sort((a, b) => a.rank - b.rank || (a.rank < slower ? 0 : a.time - b.time) || a.index - b.index);
    if (ranked.length < dataParts) throw this.#tooFew(ranked.map(({ index }) => index));
    const chosen = ranked.slice(0, dataParts);
    const spares = ranked.slice(dataParts).filter(({ rank }) => rank < doubtful);
    return {
      indices: chosen.map(({ index }) => index).sort((a, b) => a - b),
      spares: spares.map(({ index }) => index),
    };
  }

  #rank(index: number, stripe: number): number {
    const part = this.#segment.parts[index];
    if (!part || part.bytes === 0) return unusable;
    const failure = this.#failures.get(index);
    if (failure?.kind === 'damaged') return isElsewhere(failure, stripe) ? desperate : unusable;
    if (failure?.kind === 'unavailable') {
      // Where there is no redundancy a failure is told at once.
      const isLast = this.#attempts.get(index) === mostAttempts || this.#segment.layout.parityParts === 0;
      return isLast ? unusable : desperate;
    }
    // What is thought to be missing may be back, or whole in the stripes that are wanted.
    if (!part.stored) return desperate;
    if (failure || this.#isSlow(part.server)) return doubtful;
    if (this.#isSlower(part.server)) return slower;
    return index < this.#segment.layout.dataParts ? best : good;
  }

  /** Whether it gives its blocks much more slowly than the quickest server of the segment, or answered later than one. */
  #isSlower(number: number): boolean {
    if (this.#promptness(number)?.isOvertaken) return true;
    const times = this.#segment.parts.flatMap(({ server }) => this.#blockTime(server) ?? []);
    const time = this.#blockTime(number);
    return time !== undefined && time > quickBlock && time > slowFactor * Math.min(...times);
  }

  #blockTime(number: number): number | undefined {
    return this.#promptness(number)?.blockTime;
  }

  #promptness(number: number): Promptness | undefined {
    return this.#pool.servers.find((server) => server.number === number)?.promptness;
  }

  #isSlow(number: number): boolean {
    const server = this.#pool.servers.find((server) => server.number === number);
    return server === undefined || server.downSince !== undefined || server.promptness.slowness !== undefined;
  }

  #tooFew(left: readonly number[]): FileSystemError {
    const { layout, parts } = this.#segment;
    const failures = [...this.#failures.values()];
    const [only] = failures;
    if (layout.parityParts === 0 && only) return only.error;
    const needed = parts
      .map((part, index) => ({ ...part, index }))
      .filter(({ index }) => !left.includes(index))
      .map(({ index, server }) => this.#failures.get(index)?.error.message ?? neverStored(index, server));
    return new FileSystemError(
      failures.some(({ kind }) => kind === 'unavailable') ? 'unavailable' : 'damaged',
      `${left.length} of ${parts.length} parts can be read, and ${layout.dataParts} are needed: ${needed.join('; ')}`,
    );
  }
}

function isRenewed(before: StoredPart | undefined, now: StoredPart | undefined): boolean {
  if (!now?.stored) return false;
  return !before?.stored || now.server !== before.server || now.verified > before.verified;
}

/** Whether the damage leaves the part right in that stripe, as far as is known. */
function isElsewhere({ error }: PartFailure, stripe: number): boolean {
  const damage = error instanceof DamagedPartError ? error.damage : undefined;
  return typeof damage === 'object' && damage.stripe !== stripe;
}

const best = 0;
const good = 1;
/** Of a storage server that is slower than others. */
const slower = 2;
/** Of a storage server that lagged behind or failed of late. */
const doubtful = 3;
const desperate = 4;
const unusable = 5;

function neverStored(index: number, server: number): string {
  return `part ${index + 1} of the file is missing on storage server ${server}`;
}
