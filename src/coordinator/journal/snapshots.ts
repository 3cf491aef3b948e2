import type { Log } from '../../log/log.ts';
import type { JournalOutbox } from '../catalogue/journal-outbox.ts';
import type { Pool } from '../pool/pool.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import type { Journal } from './journal.ts';
import { type JournalFileName, journalFolder, parseJournalFileName } from './journal-file.ts';
import { mergeJournal } from './journal-merge.ts';
import { journalPath } from './journal-store.ts';
import { storeSnapshot } from './snapshot-store.ts';

const defaultLimits = {
  /** A snapshot is taken after so many records, or more: as many as the catalogue has entries, divided by this. */
  records: 2_000,
  entriesPerRecord: 4,
  /** Milliseconds between two looks at whether it is time. */
  intervalMs: 60_000,
  /** Milliseconds between two looks at whether enough servers hold the journal. */
  thinMs: 3_600_000,
};

/** Small files are looked for after so many records. */
const mergeRecords = 200;

export interface SnapshotsParts {
  readonly poolId: string;
  readonly outbox: JournalOutbox;
  readonly journal: Journal;
  readonly pool: Pool;
  /** The coordinator's, for the file on its way. */
  readonly folder: string;
  readonly log: Log;
  readonly limits?: Partial<typeof defaultLimits>;
}

/**
 * Keeps the journal short: merges its many small files, takes a snapshot of the catalogue now and then, and removes from the storage servers what is
 * older than the snapshot before it. Also where too few servers hold the journal, since one was replaced.
 */
export class Snapshots {
  readonly #parts: SnapshotsParts;
  readonly #limits: typeof defaultLimits;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void>;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #mergedTo = 0;
  readonly #ending = new AbortController();

  constructor(parts: SnapshotsParts) {
    this.#parts = parts;
    this.#limits = { ...defaultLimits, ...parts.limits };
    this.#running = this.#look();
    this.#timer = setInterval(() => {
      this.#running = this.#running.then(() => this.#look());
    }, this.#limits.intervalMs);
  }

  /** Resolves when the present look at whether it is time has ended, with the snapshot that was taken then. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Ends what is going on. */
  async stop(): Promise<void> {
    this.#ending.abort();
    clearInterval(this.#timer);
    await this.#running;
  }

  async #look(): Promise<void> {
    if (this.#ending.signal.aborted) return;
    try {
      if (this.#isDue() || (await this.#isThin())) await this.#take();
      else await this.#merge();
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      this.#parts.log.error({ err: error }, 'no snapshot of the catalogue could be taken');
    }
  }

  #isDue(): boolean {
    const { outbox } = this.#parts;
    if (outbox.snapshot === undefined) return true;
    const records = outbox.recorded - outbox.snapshot;
    if (records < this.#limits.records) return false;
    return records >= outbox.size() / this.#limits.entriesPerRecord;
  }

  /** Whether something of the journal is on fewer servers than it should be; looked at when all can be asked. */
  async #isThin(): Promise<boolean> {
    const { outbox, journal, pool } = this.#parts;
    if (performance.now() - this.#lookedAt < this.#limits.thinMs) return false;
    await journal.ship();
    const { shipped, snapshot, generation } = outbox;
    const held: JournalFileName[] = [];
    for (const server of pool.servers) {
      try {
        const files = await this.#filesOn(server);
        held.push(...files.map(({ file }) => file).filter((file) => file.generation === generation));
      } catch {
        return false; // Down; the pool has logged it.
      }
    }
    this.#lookedAt = performance.now();
    const { copies } = journal.state;
    const counts = Array.from({ length: shipped - (snapshot ?? 0) }, () => 0);
    for (const file of held.filter(({ kind }) => kind === 'journal')) {
      const start = Math.max(file.first - (snapshot ?? 0) - 1, 0);
      const end = Math.min(file.last - (snapshot ?? 0), counts.length);
      for (let at = start; at < end; at++) counts[at] = (counts[at] ?? 0) + 1;
    }
    const bases = held.filter(({ kind, first }) => kind === 'snapshot' && first === snapshot).length;
    const thin = counts.some((count) => count < copies) || (snapshot !== 0 && bases < copies);
    if (thin) this.#parts.log.info('the journal is on too few storage servers: a snapshot brings it to all');
    return thin;
  }

  async #merge(): Promise<void> {
    const {
      poolId: pool,
      outbox,
      journal,
      pool: { servers },
      log,
    } = this.#parts;
    const { generation, snapshot = 0 } = outbox;
    if (outbox.recorded - Math.max(snapshot, this.#mergedTo) < mergeRecords) return;
    this.#mergedTo = outbox.recorded;
    for (const server of servers) {
      try {
        const files = (await this.#filesOn(server)).map(({ file }) => file);
        await mergeJournal({
          server,
          pool,
          generation,
          copies: journal.state.copies,
          files: files.filter(({ first }) => first > snapshot),
          shipped: outbox.shipped,
          records: (after, limit) => outbox.records(after, limit),
          signal: this.#ending.signal,
        });
      } catch (error) {
        log.debug({ server: server.number, err: error }, 'small files of the journal stay for now');
      }
    }
  }

  async #take(): Promise<void> {
    const { poolId, outbox, journal, pool, folder, log } = this.#parts;
    const { copies } = journal.state;
    const { range, holders } = await storeSnapshot({
      outbox,
      pool: poolId,
      copies,
      servers: pool.servers,
      folder,
      signal: this.#ending.signal,
      onFailure: (server, reason) =>
        log.warn({ server: server.number }, `a snapshot of the catalogue could not be stored: ${reason}`),
    });
    await journal.ship();
    // It gives a state only together with the records that came while it was written.
    if (holders.length < Math.min(copies, pool.servers.length) || outbox.shipped < range.last) return;
    outbox.markSnapshot(range.first);
    log.info({ record: range.first, servers: holders.length }, 'a snapshot of the catalogue was stored');
    await Promise.all(holders.map((server) => this.#removeOld(server)));
  }

  /** The snapshot before the newest stays, with the records after it. */
  async #removeOld(server: StorageServer): Promise<void> {
    try {
      const files = await this.#filesOn(server);
      const snapshots = files
        .filter(({ file }) => file.kind === 'snapshot')
        .sort((a, b) => b.file.generation - a.file.generation || b.file.first - a.file.first);
      const kept = snapshots[1]?.file;
      if (!kept) return;
      const old = files.filter(
        ({ file }) =>
          file.generation < kept.generation ||
          (file.generation === kept.generation &&
            (file.kind === 'snapshot' ? file.first < kept.first : file.last <= kept.first)),
      );
      await server.use(async (connection) => {
        for (const { name } of old) {
          if (this.#ending.signal.aborted) return;
          await connection.remove(journalPath(this.#parts.poolId, name));
        }
      });
    } catch (error) {
      this.#parts.log.debug({ server: server.number, err: error }, 'old records of the journal stay for now');
    }
  }

  async #filesOn(server: StorageServer): Promise<{ name: string; file: JournalFileName }[]> {
    const folder = `${this.#parts.poolId}/${journalFolder}`;
    const entries = await server.use((connection) => connection.entries(folder));
    return entries.flatMap(({ name }) => {
      const file = parseJournalFileName(name);
      return file ? [{ name, file }] : [];
    });
  }
}
