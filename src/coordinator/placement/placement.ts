import { FileSystemError } from '../../ftp/file-system.ts';
import type { Pool } from '../pool/pool.ts';
import type { Layout } from '../segments/part-format.ts';
import type { ServerWatch } from '../upkeep/server-watch.ts';
import { type Candidate, choose, rotate } from './rendezvous.ts';

/** Chooses the storage servers of segments, by what is known of the servers at that moment. */
export class Placement {
  readonly #pool: Pool;
  readonly #watch: ServerWatch;

  constructor(pool: Pool, watch: ServerWatch) {
    this.#pool = pool;
    this.#watch = watch;
  }

  /**
   * For a new segment, by part index: by free space; those that are down, full or draining only where there are no
   * others. Without parity and without a choice the first part is on the first server, and so on.
   * @throws FileSystemError `unavailable` when there are fewer servers than parts
   */
  place(segment: string, { dataParts, parityParts }: Layout): number[] {
    const count = dataParts + parityParts;
    const servers = this.#pool.servers.map(({ number }) => number);
    if (parityParts === 0 && servers.length === count) return servers;
    const chosen = choose(
      segment,
      count,
      this.#candidates((number) => this.#watch.free(number)),
    );
    if (chosen.length < count) {
      throw new FileSystemError(
        'unavailable',
        `${count} storage servers are needed, ${chosen.length} are configured`,
      );
    }
    return rotate(
      segment,
      chosen.map(({ number }) => number),
    );
  }

  /**
   * Another server for one part of a segment: one that takes parts, has none of this segment, and if possible none of
   * its failure domains.
   * @param others servers of the segment's other parts, and those that are out of the question
   */
  replacement(segment: string, others: readonly number[]): number | undefined {
    const taken = this.#pool.servers.filter(({ number }) => others.includes(number));
    const candidates = this.#candidates((number) => this.#watch.free(number));
    const [best] = choose(
      segment,
      1,
      candidates.filter(({ number, last }) => !last && !others.includes(number)),
      taken.map(({ domain }) => domain),
    );
    return best?.number;
  }

  /**
   * Where the parts of a segment would be if there were no need to move anything: by the servers' whole space, so that
   * the answer stays the same while they fill.
   */
  ideal(segment: string, parts: number): number[] {
    const candidates = this.#candidates((number) => {
      const free = this.#watch.free(number);
      return free === undefined ? undefined : free + this.#watch.stored(number);
    });
    return choose(
      segment,
      parts,
      candidates.filter(({ last }) => !last),
    ).map(({ number }) => number);
  }

  #candidates(spaceOf: (number: number) => number | undefined): Candidate[] {
    const spaces = this.#pool.servers.map(({ number }) => spaceOf(number));
    const known = spaces.filter((space) => space !== undefined);
    // One that does not tell its space gets as many parts as the others on average.
    const usual = known.length === 0 ? 1 : known.reduce((sum, space) => sum + space, 0) / known.length;
    return this.#pool.servers.map(({ number, domain }, index) => ({
      number,
      domain,
      weight: Math.max(1, spaces[index] ?? usual),
      last: !this.#watch.takesParts(number),
    }));
  }
}
