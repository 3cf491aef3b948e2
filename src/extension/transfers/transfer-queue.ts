import { randomUUID } from 'node:crypto';
import type { BatchTotals } from './batch-totals.ts';
import { QueueRecords } from './queue-records.ts';
import type { Batch, ConflictAnswer, FileState, QueuedFile, QueueStore } from './records.ts';

export type NewBatch = Pick<Batch, 'direction' | 'pool' | 'sources' | 'target'> &
  Partial<Pick<Batch, 'choice'>>;
export type NewFile = Pick<QueuedFile, 'source' | 'target' | 'size' | 'modified'>;
export type UnlistedFile = Pick<QueuedFile, 'source' | 'target'> & { readonly message: string };

export type Outcome =
  | { readonly state: 'done'; readonly bytes: number }
  | { readonly state: 'skipped' }
  | { readonly state: 'failed'; readonly message: string };

/** What has changed: how far a file has come, or more than that. */
export type Change = 'progress' | 'records';

/**
 * What is to be transferred, in which order, and what became of it. It moves no byte itself. Every change but that of
 * progress is in the store before the method returns.
 */
export class TransferQueue {
  readonly #store: QueueStore;
  readonly #records = new QueueRecords();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #settled = new Set<(batch: Batch) => void>();
  /** Ids in the order in which they are made: the store writes thousands of them side by side. */
  readonly #ids = { prefix: randomUUID(), next: 0 };

  /** Goes on with what the store has: what was being transferred is waiting again. */
  constructor(store: QueueStore) {
    this.#store = store;
    this.adopt(store.load());
  }

  get batches(): readonly Batch[] {
    return this.#records.batches;
  }

  batch(id: string): Batch | undefined {
    return this.#records.batch(id);
  }

  file(id: string): QueuedFile | undefined {
    return this.#records.file(id);
  }

  files(batch: string): readonly QueuedFile[] {
    return this.#records.files(batch);
  }

  /** The first of a batch that are in a state; quick, however many others there are. */
  filesIn(batch: string, state: FileState, limit = Number.POSITIVE_INFINITY): readonly QueuedFile[] {
    return [...this.#records.filesIn(batch, state, limit)];
  }

  totals(batch: string): BatchTotals {
    return this.#records.totals(batch);
  }

  /** Called after each change. @returns ends that */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Called when nothing of a batch is left to do. @returns ends that */
  onSettled(listener: (batch: Batch) => void): () => void {
    this.#settled.add(listener);
    return () => this.#settled.delete(listener);
  }

  /** Takes over the records of another queue, which are then its own. */
  adopt({ batches, files }: ReturnType<QueueStore['load']>): void {
    for (const batch of batches) {
      this.#records.keepBatch(batch);
      this.#store.saveBatch(batch);
    }
    const taken = files.map(
      (file): QueuedFile =>
        file.state === 'running' || file.state === 'asking' ? { ...file, state: 'waiting' } : file,
    );
    this.#put(taken);
    for (const batch of batches) this.#settleIfOver(batch.id);
  }

  add(batch: NewBatch): Batch {
    const added: Batch = {
      ...batch,
      id: randomUUID(),
      created: Date.now(),
      walked: false,
      paused: false,
      settledFiles: 0,
      settledBytes: 0,
    };
    this.#records.keepBatch(added);
    this.#store.saveBatch(added);
    this.#changed();
    return added;
  }

  /** The walk has found files, and what it could not look at. */
  found(batch: string, found: readonly (NewFile | UnlistedFile)[]): void {
    const { walked = true, paused = false } = this.batch(batch) ?? {};
    if (walked) return;
    const fresh = found.filter(({ source }) => !this.#records.knows(batch, source));
    this.#put(
      fresh.map(
        (file): QueuedFile => ({
          size: 0,
          modified: 0,
          state: 'message' in file ? 'failed' : paused ? 'paused' : 'waiting',
          unlisted: 'message' in file,
          ...file,
          id: this.#newId(),
          batch,
          bytes: 0,
          started: false,
        }),
      ),
    );
  }

  walked(batch: string): void {
    this.#update(batch, { walked: true });
    this.#settleIfOver(batch);
  }

  /** Takes the next file of a batch that can be served, unless it is held back; it is running then. */
  next(isServed: (batch: Batch) => boolean, isHeldBack: (file: string) => boolean): QueuedFile | undefined {
    for (const batch of this.batches) {
      if (this.totals(batch.id).count('waiting') === 0 || !isServed(batch)) continue;
      for (const file of this.#records.filesIn(batch.id, 'waiting')) {
        if (isHeldBack(file.id)) continue;
        this.#put([{ ...file, state: 'running' }]);
        return this.file(file.id);
      }
    }
    return undefined;
  }

  /** How far a running file has come; kept in memory, since files and coordinator tell it as well. */
  progressed(id: string, bytes: number): void {
    const file = this.file(id);
    if (file?.state === 'running') this.#put([{ ...file, bytes }], false);
  }

  /** What is learned about a file while it runs. */
  note(
    id: string,
    facts: Partial<
      Pick<QueuedFile, 'size' | 'modified' | 'target' | 'draft' | 'choice' | 'started' | 'bytes'>
    >,
  ): void {
    const file = this.file(id);
    if (file !== undefined) this.#put([{ ...file, ...facts }]);
  }

  /** Its transfer could not go on, through no fault of the file: it waits for the next attempt. */
  interrupted(id: string): void {
    this.#move(id, ['running'], 'waiting');
  }

  settle(id: string, outcome: Outcome): void {
    const file = this.file(id);
    if (file?.state !== 'running') return;
    const bytes = outcome.state === 'done' ? { bytes: outcome.bytes, size: outcome.bytes } : {};
    this.#put([{ ...file, ...outcome, ...bytes }]);
    this.#settleIfOver(file.batch);
  }

  /** Its target exists, and somebody has to say what to do. */
  ask(id: string): void {
    this.#move(id, ['running'], 'asking');
  }

  /** @param forAll for the other files of its batch, too, also for those that were asked about already */
  answer(id: string, choice: ConflictAnswer, forAll: boolean): void {
    const file = this.file(id);
    if (file?.state !== 'asking') return;
    this.#put([{ ...file, choice, state: 'waiting' }]);
    if (!forAll) return;
    this.#update(file.batch, { choice });
    const asking = this.filesIn(file.batch, 'asking');
    this.#put(asking.map((other) => ({ ...other, choice, state: 'waiting' })));
  }

  pause(ids: readonly string[]): void {
    this.#moveAll(ids, ['waiting', 'running', 'asking'], 'paused');
  }

  resume(ids: readonly string[]): void {
    this.#moveAll(ids, ['paused'], 'waiting');
  }

  cancel(ids: readonly string[]): void {
    this.#moveAll(ids, ['waiting', 'running', 'asking', 'paused'], 'canceled');
    for (const batch of new Set(ids.map((id) => this.#records.batchOf(id)))) {
      if (batch !== undefined) this.#settleIfOver(batch);
    }
  }

  /** What of a batch failed or was canceled is to be tried again, and what was not found yet is looked for. */
  retryBatch(id: string): void {
    if (this.batch(id)?.cutShort) this.#update(id, { ended: undefined, walked: false, cutShort: false });
    const files = this.files(id).filter(({ state }) => state === 'failed' || state === 'canceled');
    this.retry(files.map((file) => file.id));
  }

  /** What failed, or was canceled, is to be tried again. */
  retry(ids: readonly string[]): void {
    const files = ids.flatMap((id) => this.file(id) ?? []);
    const again = files.filter(({ state }) => state === 'failed' || state === 'canceled');
    const listed = again.filter(({ unlisted }) => !unlisted);
    for (const id of new Set(listed.map(({ batch }) => batch))) {
      const walkAgain = this.batch(id)?.cutShort ? { walked: false, cutShort: false } : {};
      this.#update(id, { ended: undefined, ...walkAgain });
    }
    this.#put(listed.map((file) => ({ ...file, state: 'waiting', message: undefined })));
    this.#retryWalks(again.filter(({ unlisted }) => unlisted));
  }

  pauseBatch(id: string): void {
    this.#update(id, { paused: true });
    this.#moveBatch(id, ['waiting', 'running', 'asking'], 'paused');
  }

  resumeBatch(id: string): void {
    this.#update(id, { paused: false });
    this.#moveBatch(id, ['paused'], 'waiting');
  }

  cancelBatch(id: string): void {
    if (this.batch(id)?.walked === false) this.#update(id, { walked: true, cutShort: true });
    this.#moveBatch(id, ['waiting', 'running', 'asking', 'paused'], 'canceled');
    this.#settleIfOver(id);
  }

  /** Forgets a batch that is over. */
  clear(id: string): void {
    if (this.batch(id)?.ended !== undefined) this.forget(id);
  }

  /** Lets go of a batch, whatever its state. */
  forget(id: string): void {
    if (this.batch(id) === undefined) return;
    this.#records.removeBatch(id);
    this.#store.removeBatch(id);
    this.#changed();
  }

  /** A walk of their own for what could not be looked at: a folder may stand behind it. */
  #retryWalks(files: readonly QueuedFile[]): void {
    for (const file of files) {
      const batch = this.batch(file.batch);
      if (batch === undefined) continue;
      this.#forget([file]);
      const at = Math.max(file.target.lastIndexOf('/'), file.target.lastIndexOf('\\'));
      const target = file.target.slice(0, at) || '/';
      const choice = batch.choice === undefined ? {} : { choice: batch.choice };
      this.add({
        direction: batch.direction,
        pool: batch.pool,
        sources: [file.source],
        target,
        ...choice,
      });
      this.#settleIfOver(batch.id);
    }
  }

  /** Done files go, their sums stay: a history of millions of files is not kept. */
  #settleIfOver(id: string): void {
    const batch = this.batch(id);
    const totals = this.totals(id);
    if (batch === undefined || !batch.walked || batch.ended !== undefined || totals.unfinished > 0) return;
    // A batch of one file is shown as that file.
    const forgotten = totals.files === 1 ? [] : this.filesIn(id, 'done');
    const settled: Batch = {
      ...batch,
      ended: Date.now(),
      settledFiles: batch.settledFiles + forgotten.length,
      settledBytes: batch.settledBytes + forgotten.reduce((sum, { size }) => sum + size, 0),
    };
    this.#update(id, settled);
    this.#forget(forgotten);
    for (const listener of this.#settled) listener(settled);
  }

  #forget(files: readonly QueuedFile[]): void {
    if (files.length === 0) return;
    this.#records.removeFiles(files);
    this.#store.removeFiles(files.map(({ id }) => id));
    this.#changed();
  }

  #move(id: string, from: readonly QueuedFile['state'][], state: QueuedFile['state']): void {
    this.#moveAll([id], from, state);
  }

  #moveAll(ids: readonly string[], from: readonly QueuedFile['state'][], state: QueuedFile['state']): void {
    const files = ids.flatMap((id) => this.file(id) ?? []);
    this.#put(files.filter((file) => from.includes(file.state)).map((file) => ({ ...file, state })));
  }

  /** The same for all files of a batch, however many they are, in a moment. */
  #moveBatch(id: string, from: readonly FileState[], state: FileState): void {
    // How far a running file has come is in memory only.
    this.#moveAll(
      this.filesIn(id, 'running').map((file) => file.id),
      from,
      state,
    );
    const files = from.flatMap((each) => this.filesIn(id, each));
    if (files.length === 0) return;
    this.#store.moveFiles(id, from, state);
    this.#records.keepFiles(files.map((file) => ({ ...file, state })));
    this.#changed();
  }

  #put(files: readonly QueuedFile[], durable = true): void {
    if (files.length === 0) return;
    this.#records.keepFiles(files);
    if (durable) this.#store.saveFiles(files);
    this.#changed(durable ? 'records' : 'progress');
  }

  #update(id: string, change: Partial<Batch>): void {
    const before = this.batch(id);
    if (before === undefined) return;
    const batch = { ...before, ...change };
    this.#records.keepBatch(batch);
    this.#store.saveBatch(batch);
    this.#changed();
  }

  #newId(): string {
    const { prefix, next } = this.#ids;
    this.#ids.next += 1;
    return `${prefix}.${next.toString(36).padStart(8, '0')}`;
  }

  #changed(change: Change = 'records'): void {
    for (const listener of this.#listeners) listener(change);
  }
}
