import type { Log } from '../../log/log.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Leases } from './leases.ts';

/** How long an interrupted upload can be continued, and how often the old ones are looked for; milliseconds. */
const defaultTimes = { keepMs: 24 * 3_600_000, intervalMs: 600_000 };

export interface PartialExpiryParts {
  readonly catalogue: Catalogue;
  /** Of the partial uploads that are being continued: those stay. */
  readonly leases: Leases;
  readonly log: Log;
  /** There are parts to remove. */
  readonly onGarbage: () => void;
  readonly times?: Partial<typeof defaultTimes>;
}

/** Drops partial uploads that nobody has continued for a day. */
export class PartialExpiry {
  readonly #parts: PartialExpiryParts;
  readonly #keepMs: number;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void>;

  constructor(parts: PartialExpiryParts) {
    const { keepMs, intervalMs } = { ...defaultTimes, ...parts.times };
    this.#parts = parts;
    this.#keepMs = keepMs;
    this.#running = this.#drop();
    this.#timer = setInterval(() => {
      this.#running = this.#running.then(() => this.#drop());
    }, intervalMs);
  }

  /** Resolves when nothing is going on any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async #drop(): Promise<void> {
    const { catalogue, leases, log, onGarbage } = this.#parts;
    try {
      const dropped = await catalogue.dropPartials(new Date(Date.now() - this.#keepMs), (id) =>
        leases.has(id),
      );
      if (dropped === 0) return;
      log.info({ uploads: dropped }, 'interrupted uploads that nobody continued were removed');
      onGarbage();
    } catch (error) {
      log.error({ err: error }, 'interrupted uploads could not be looked through');
    }
  }
}
