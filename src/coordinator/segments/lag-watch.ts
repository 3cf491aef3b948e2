import { FileSystemError } from '../../ftp/file-system.ts';
import type { ConnectOptions } from '../pool/pool.ts';
import type { PartFailure } from './part-failure.ts';
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
  readonly #replaceable: readonly number[];

  /** @param replaceable indices of the parts that may be given up */
  constructor(parts: ReadonlyMap<number, PartReader>, replaceable: readonly number[]) {
    this.#parts = parts;
    this.#replaceable = replaceable;
  }

  /** How long to wait for connections to the storage servers of these parts. */
  static connectOptions(indices: readonly number[], replaceable: readonly number[]): ConnectOptions {
    if (replaceable.length === 0) return {};
    const enough = Math.min(1, indices.length - 1);
    return { patience: { enough, milliseconds: patience, onGivenUp: (server) => server.lagged() } };
  }

  /** Sees that every storage server has its part. @returns those that have not, or do not tell */
  checkAll(): Promise<PartFailure[]> {
    return this.#wait([...this.#parts.keys()], (part) => part.check());
  }

  /** Waits until these parts have a block. @returns those that failed */
  async waitFor(indices: readonly number[]): Promise<PartFailure[]> {
    if (indices.every((index) => this.#parts.get(index)?.hasBlock)) return [];
    return this.#wait(indices, (part) => part.ready());
  }

  /** Waits for the end of all parts. @returns those that failed */
  endAll(): Promise<PartFailure[]> {
    return this.#wait([...this.#parts.keys()], (part) => part.end());
  }

  async #wait(indices: readonly number[], work: (part: PartReader) => Promise<void>): Promise<PartFailure[]> {
    const failures = new Map<number, PartFailure>();
    const pending = new Map<number, PartReader>();
    const jobs = indices.map(async (index) => {
      const part = this.#parts.get(index);
      if (!part) return;
      pending.set(index, part);
      try {
        await work(part);
      } catch (error) {
        const failure = part.server.toFileSystemError(error);
        const kind = failure.kind === 'damaged' ? 'damaged' : 'unavailable';
        if (!failures.has(index)) failures.set(index, { index, kind, error: failure });
      } finally {
        pending.delete(index);
      }
    });
    const timer = this.#giveUpLaggards(pending, failures);
    await Promise.all(jobs);
    clearInterval(timer);
    return [...failures.values()];
  }

  #giveUpLaggards(
    pending: ReadonlyMap<number, PartReader>,
    failures: Map<number, PartFailure>,
  ): NodeJS.Timeout | undefined {
    if (this.#replaceable.length === 0) return undefined;
    const since = new Map<number, { time: number; received: number }>();
    return setInterval(() => {
      const now = performance.now();
      for (const [index, part] of pending) {
        const { received } = part;
        const start = since.get(index);
        if (!start || received - start.received >= leastProgress) since.set(index, { time: now, received });
        else if (now - start.time >= patience && this.#lagsBehind(index, pending)) {
          if (!part.isWhole) failures.set(index, slow(index, part));
          part.server.lagged();
          part.destroy();
        }
      }
    }, interval);
  }

  /** Whether the others are no slower than this part. */
  #lagsBehind(index: number, pending: ReadonlyMap<number, PartReader>): boolean {
    if (!this.#replaceable.includes(index)) return false;
    const others = [...this.#parts].filter(([other]) => other !== index);
    return others.length === 0 || others.some(([other, part]) => !pending.has(other) || part.hasBlock);
  }
}

function slow(index: number, { server }: PartReader): PartFailure {
  const error = new FileSystemError('unavailable', `${server.name} lags behind the others`);
  return { index, kind: 'slow', error };
}
