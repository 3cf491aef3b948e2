import { FileSystemError } from '../../ftp/file-system.ts';
import type { ConnectOptions } from '../pool/pool.ts';
import type { Hedge } from './hedge.ts';
import { failureOf, type PartFailure } from './part-failure.ts';
import type { PartReader } from './part-reader.ts';

/** Milliseconds in which a part must get ahead by this many bytes, unless all others stand still as well. */
const patience = 2_000;
const leastProgress = 64 * 1024;
/** Milliseconds between two looks. */
const interval = 250;

/**
 * Waits for parts that are read side by side, and gives up those that lag behind the others: then another part is
 * quicker. For a part that cannot be replaced it waits as long as its storage server may take.
 */
export class LagWatch {
  readonly #parts: ReadonlyMap<number, PartReader>;
  readonly #spares: readonly number[];
  readonly #hedge: Hedge;

  /** @param spares indices of the parts that can stand in for one that is given up; they may become fewer */
  constructor(parts: ReadonlyMap<number, PartReader>, spares: readonly number[], hedge: Hedge) {
    this.#parts = parts;
    this.#spares = spares;
    this.#hedge = hedge;
  }

  /**
   * How long to wait for connections to storage servers.
   * @param servers how many
   * @param spares numbers of those that hold spare parts
   */
  static connectOptions(servers: number, spares: readonly number[]): ConnectOptions {
    if (spares.length === 0) return {};
    const enough = Math.min(1, servers - 1);
    return {
      spares,
      patience: { enough, milliseconds: patience, onGivenUp: (server) => server.promptness.lagged() },
    };
  }

  /** Sees that every storage server has its part, or another one in its place. @returns those that have not, or do not tell */
  checkAll(): Promise<PartFailure[]> {
    return this.#wait([...this.#parts.keys()], (part, index) => this.#hedge.checked(index, part));
  }

  /** Waits until these parts, or others in their places, have a block. @returns those that failed */
  async waitFor(indices: readonly number[]): Promise<PartFailure[]> {
    if (indices.every((index) => this.#parts.get(index)?.hasBlock)) return [];
    return this.#wait(indices, (part, index) => this.#hedge.ready(index, part));
  }

  /** Waits for the end of all parts. @returns those that failed */
  endAll(): Promise<PartFailure[]> {
    return this.#wait([...this.#parts.keys()], (part) => part.end());
  }

  async #wait(
    indices: readonly number[],
    work: (part: PartReader, index: number) => Promise<void>,
  ): Promise<PartFailure[]> {
    const failures: PartFailure[] = [];
    const pending = new Map<number, PartReader>();
    const givenUp = new Set<number>();
    const jobs = indices.map(async (index) => {
      const part = this.#parts.get(index);
      if (!part) return;
      pending.set(index, part);
      try {
        await work(part, index);
      } catch (error) {
        const failure = failureOf(index, part.server.toFileSystemError(error));
        failures.push(givenUp.has(index) ? slowFailure(index, part) : failure);
      } finally {
        pending.delete(index);
      }
    });
    const timer = this.#giveUpLaggards(pending, givenUp);
    await Promise.all(jobs);
    clearInterval(timer);
    return failures;
  }

  #giveUpLaggards(
    pending: ReadonlyMap<number, PartReader>,
    givenUp: Set<number>,
  ): NodeJS.Timeout | undefined {
    if (this.#spares.length === 0) return undefined;
    const since = new Map<number, { time: number; received: number }>();
    return setInterval(() => {
      const now = performance.now();
      for (const [index, part] of pending) {
        if (givenUp.has(index)) continue;
        const { received } = part;
        const start = since.get(index);
        if (!start || received - start.received >= leastProgress) since.set(index, { time: now, received });
        else if (now - start.time >= patience && this.#lagsBehind(index, pending)) {
          givenUp.add(index);
          part.server.promptness.lagged();
          part.destroy();
        }
      }
    }, interval);
  }

  /** Whether the others are no slower than this part. */
  #lagsBehind(index: number, pending: ReadonlyMap<number, PartReader>): boolean {
    const others = [...this.#parts].filter(([other]) => other !== index);
    return others.length === 0 || others.some(([other, part]) => !pending.has(other) || part.hasBlock);
  }
}

function slowFailure(index: number, { server }: PartReader): PartFailure {
  const error = new FileSystemError('unavailable', `${server.name} lags behind the others`);
  return { index, kind: 'slow', error };
}
