import { crashPoint } from '../crash-point.ts';
import type { StorageConnection } from '../pool/storage-connection.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import { encodeJournal, type JournalBatch } from './journal-file.ts';
import { putJournalBytes } from './journal-store.ts';

export interface RetryTimes {
  /** Milliseconds until a server that failed is tried again; doubled each time that it fails again. */
  readonly retryMs: number;
  readonly longestRetryMs: number;
}

/** The journal on one storage server. */
export class Replica {
  readonly server: StorageServer;
  #through = 0;
  #writing: Promise<boolean> | undefined;
  #connection: StorageConnection | undefined;
  #failure: string | undefined;
  /** In a row. */
  #failures = 0;
  #retryAt = 0;
  readonly #times: RetryTimes;
  #stopped = false;

  constructor(server: StorageServer, times: RetryTimes) {
    this.server = server;
    this.#times = times;
  }

  /** It holds all records up to here that were not on enough servers before. */
  get through(): number {
    return this.#through;
  }

  /** A write to it has not ended yet: maybe it stalls. */
  get busy(): boolean {
    return this.#writing !== undefined;
  }

  /** Why the last write to it failed, in words for a person; undefined when it did not. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Those up to here are on enough servers, whether on this one or not. */
  skipTo(sequence: number): void {
    this.#through = Math.max(this.#through, sequence);
  }

  /** Milliseconds until it may be tried again; 0 when that is now. */
  get retryIn(): number {
    return Math.max(0, this.#retryAt - performance.now());
  }

  /** Looks whether a server that failed is there again, while there is nothing to write. Never rejects. */
  async revive(): Promise<void> {
    this.#note(await this.server.probe());
  }

  /**
   * @param next the batch after a record, undefined when there is nothing more to write
   * @returns whether the server has confirmed everything. Never rejects.
   */
  write(next: (after: number) => JournalBatch | undefined): Promise<boolean> {
    this.#writing ??= this.#writeAll(next).finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeAll(next: (after: number) => JournalBatch | undefined): Promise<boolean> {
    try {
      for (let batch = next(this.#through); batch; batch = next(this.#through)) await this.#write(batch);
      this.#note(undefined);
      return true;
    } catch (error) {
      this.#note(this.server.toFileSystemError(error).message);
      return false;
    }
  }

  #note(failure: string | undefined): void {
    const { retryMs, longestRetryMs } = this.#times;
    const pause = Math.min(retryMs * 2 ** this.#failures, longestRetryMs);
    this.#failure = failure;
    this.#failures = failure === undefined ? 0 : this.#failures + 1;
    this.#retryAt = failure === undefined ? 0 : performance.now() + pause;
  }

  async #write(batch: JournalBatch): Promise<void> {
    const { name, bytes } = encodeJournal(batch);
    try {
      await this.server.use(async (connection) => {
        if (this.#stopped) throw new Error('the coordinator is stopping');
        this.#connection = connection;
        await putJournalBytes(this.server, connection, { pool: batch.pool, name }, bytes);
      }, 'urgent');
    } finally {
      this.#connection = undefined;
    }
    crashPoint('journal.written');
    this.skipTo(batch.records.at(-1)?.sequence ?? 0);
  }

  /** Ends whatever is going on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#connection?.close();
    await this.#writing;
  }
}
