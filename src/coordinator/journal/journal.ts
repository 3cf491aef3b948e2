import type { Log } from '../../log/log.ts';
import type { JournalOutbox, RecordedChange } from '../catalogue/journal-outbox.ts';
import { crashPoint } from '../crash-point.ts';
import type { Pool } from '../pool/pool.ts';
import { Replica } from './replica.ts';

/** A journal file has at most so many records, and not many more characters. */
const batchRecords = 1_000;
const batchCharacters = 4 * 1024 * 1024;

const defaultTimes = {
  /** Milliseconds that a server has to confirm before one more is asked, too. */
  hedgeMs: 1_000,
  /** Milliseconds after which a change is acknowledged although too few servers have it. */
  patienceMs: 3_000,
  /** Milliseconds until a server that failed is tried again; longer each time that it fails again. */
  retryMs: 5_000,
  longestRetryMs: 15_000,
  /** Milliseconds in which changes that nobody waits for are gathered. */
  gatherMs: 200,
};

export interface JournalParts {
  /** The pool's id, in the catalogue that the outbox belongs to. */
  readonly poolId: string;
  readonly outbox: JournalOutbox;
  readonly pool: Pool;
  /** Of files that are yet to come. */
  readonly parityParts: number;
  readonly log: Log;
  /** More records are on enough servers: what they made garbage can go. */
  readonly onShipped: () => void;
  readonly times?: Partial<typeof defaultTimes>;
}

export interface JournalState {
  /** Records that are not on enough servers yet. */
  readonly waiting: number;
  /** On so many storage servers a record should be. */
  readonly copies: number;
  /** Why they wait, in words for a person; undefined while nothing is wrong. */
  readonly reason?: string;
}

/**
 * Brings the records of the catalogue's changes to storage servers, so that the catalogue can be rebuilt without the
 * coordinator's disk. One round at a time; all changes made meanwhile share the next one.
 */
export class Journal {
  readonly #parts: JournalParts;
  readonly #times: typeof defaultTimes;
  readonly #copies: number;
  readonly #replicas: readonly Replica[];
  #round: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  #reason: string | undefined;
  #stopped = false;

  constructor(parts: JournalParts) {
    this.#parts = parts;
    this.#times = { ...defaultTimes, ...parts.times };
    this.#replicas = parts.pool.servers.map((server) => new Replica(server, this.#times));
    this.#copies = copiesOf(parts);
    parts.outbox.begin(() => this.#shipIn(this.#times.gatherMs));
    this.#shipIn(0);
  }

  get state(): JournalState {
    const { outbox } = this.#parts;
    return {
      waiting: outbox.recorded - outbox.shipped,
      copies: this.#copies,
      ...(this.#reason !== undefined && { reason: this.#reason }),
    };
  }

  /**
   * Resolves when every change so far is on enough storage servers, or could not be brought there within seconds: then
   * it is tried again later. Never rejects.
   */
  ship(): Promise<void> {
    const { outbox } = this.#parts;
    if (this.#stopped || outbox.shipped >= outbox.recorded) return Promise.resolve();
    // The round that is under way may have begun before the last change.
    this.#next ??= this.#round.then(() => {
      this.#next = undefined;
      this.#round = this.#ship();
      return this.#round;
    });
    return this.#next;
  }

  /** Ends at once; {@link ship} before brings out what is left. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
    await Promise.all(this.#replicas.map((replica) => replica.stop()));
  }

  #shipIn(milliseconds: number): void {
    const wakeAt = performance.now() + milliseconds;
    if (this.#stopped || wakeAt >= this.#wakeAt) return;
    clearTimeout(this.#timer);
    this.#wakeAt = wakeAt;
    this.#timer = setTimeout(() => {
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.#revive();
      void this.ship();
    }, milliseconds);
  }

  /** When the first of the servers that failed is due. */
  #retryLater(): void {
    const pauses = this.#replicas
      .filter(({ failure, busy }) => failure !== undefined && !busy)
      .map(({ retryIn }) => retryIn);
    this.#shipIn(Math.min(this.#times.retryMs, ...pauses));
  }

  /** Enough servers get all records so far, as far as servers can be reached. */
  async #ship(): Promise<void> {
    const { outbox, log } = this.#parts;
    const target = outbox.recorded;
    try {
      await this.#bring(target);
      this.#report(target);
    } catch (error) {
      log.error({ err: error }, 'the journal could not be shipped');
    }
    if (outbox.shipped < target) this.#retryLater();
  }

  async #bring(target: number): Promise<void> {
    const { outbox } = this.#parts;
    // The first of a pool goes to all, so that none of them is ever taken for one that has lost everything.
    const copies = outbox.shipped === 0 ? this.#replicas.length : this.#copies;
    for (const replica of this.#replicas) replica.skipTo(outbox.shipped);
    const usable = this.#replicas.filter(({ busy, failure }) => !busy && failure === undefined);
    const running = new Set<Replica>();
    const done = Promise.withResolvers<void>();
    const has = () => this.#replicas.filter(({ through }) => through >= target).length;
    const startNext = () => {
      const replica = usable.shift();
      if (!replica || replica.through >= target) return;
      running.add(replica);
      void this.#write(replica, target).then(() => {
        running.delete(replica);
        startMissing();
      });
    };
    const startMissing = () => {
      while (has() + running.size < copies && usable.length > 0) startNext();
      if (has() >= copies || running.size === 0) done.resolve();
    };
    crashPoint('journal.shipping');
    startMissing();
    // One that stalls holds up nobody: another one is written to as well, and in the end nobody waits for it.
    const hedge = setInterval(startNext, this.#times.hedgeMs);
    const patience = setTimeout(done.resolve, this.#times.patienceMs);
    await done.promise;
    clearInterval(hedge);
    clearTimeout(patience);
  }

  /** Writes all that the server lacks of the records up to `target`. @returns whether that worked */
  async #write(replica: Replica, target: number): Promise<boolean> {
    const { outbox, poolId, onShipped } = this.#parts;
    const copies = this.#copies;
    const written = await replica.write((after) => {
      const records = fitting(outbox.records(Math.max(after, outbox.shipped), batchRecords), target);
      return records.length === 0
        ? undefined
        : { pool: poolId, generation: outbox.generation, copies, records };
    });
    const before = outbox.shipped;
    const reached = this.#replicas.map(({ through }) => through).sort((a, b) => b - a);
    outbox.markShipped(reached[copies - 1] ?? 0);
    if (outbox.shipped > before) onShipped();
    if (!written) this.#retryLater();
    return written;
  }

  /** Servers that failed get what they lack, or show that they are there; nobody waits for that. */
  #revive(): void {
    const { outbox } = this.#parts;
    const target = outbox.recorded;
    for (const replica of this.#replicas) {
      if (replica.failure === undefined || replica.busy) continue;
      if (replica.retryIn > 0) {
        this.#retryLater();
        continue;
      }
      replica.skipTo(outbox.shipped);
      const back = replica.through < target ? this.#write(replica, target) : this.#look(replica);
      void back.then(() => this.#report(target));
    }
  }

  async #look(replica: Replica): Promise<void> {
    await replica.revive();
    if (replica.failure !== undefined) this.#retryLater();
  }

  /** @param target the last record that was to be shipped: newer ones are on their way */
  #report(target: number): void {
    const { outbox, log } = this.#parts;
    const waiting = outbox.recorded - outbox.shipped;
    const reasons = this.#replicas.flatMap(({ failure, busy, server }) =>
      busy ? [`${server.name} has not confirmed yet`] : (failure ?? []),
    );
    const reason = outbox.shipped >= target || reasons.length === 0 ? undefined : reasons.join('; ');
    if (reason !== undefined && this.#reason === undefined) {
      log.warn({ waiting }, `the journal waits for storage servers: ${reason}`);
    }
    if (reason === undefined && this.#reason !== undefined) {
      log.info('the journal is complete again on the storage servers');
    }
    this.#reason = reason;
  }
}

/** One more than the servers that any file can lose, and two at least: so no loss that files survive takes a record away. */
function copiesOf({ outbox, parityParts, pool }: JournalParts): number {
  const lost = Math.max(1, parityParts, outbox.mostParityParts());
  return Math.min(lost + 1, pool.servers.length);
}

/** Those that fit into one file; at least one, if there are any up to `target`. */
function fitting(records: readonly RecordedChange[], target: number): RecordedChange[] {
  const chosen: RecordedChange[] = [];
  let characters = 0;
  for (const record of records) {
    characters += record.record.length;
    if (record.sequence > target || (chosen.length > 0 && characters > batchCharacters)) break;
    chosen.push(record);
  }
  return chosen;
}
