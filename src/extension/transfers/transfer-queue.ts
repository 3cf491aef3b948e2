import { randomUUID } from 'node:crypto';
import { BatchTotals } from './batch-totals.ts';
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

interface Entry {
  batch: Batch;
  readonly files: Map<string, QueuedFile>;
  /** The same by state, each in the order in which files came into it. */
  readonly states: Map<FileState, Set<string>>;
  /** Sources that the queue knows: a walk that is begun again must not add them twice. */
  readonly sources: Set<string>;
  readonly totals: BatchTotals;
}

/**
 * What is to be transferred, in which order, and what became of it. It moves no byte itself. Every change but that of
 * progress is in the store before the method returns.
 */
export class TransferQueue {
  readonly #store: QueueStore;
  readonly #entries = new Map<string, Entry>();
  readonly #batchOf = new Map<string, string>();
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
    return [...this.#entries.values()].map(({ batch }) => batch);
  }

  batch(id: string): Batch | undefined {
    return this.#entries.get(id)?.batch;
  }

  file(id: string): QueuedFile | undefined {
    return this.#entryOf(id)?.files.get(id);
  }

  files(batch: string): readonly QueuedFile[] {
    return [...(this.#entries.get(batch)?.files.values() ?? [])];
  }

  /** The first of a batch that are in a state; quick, however many others there are. */
  filesIn(batch: string, state: FileState, limit = Number.POSITIVE_INFINITY): readonly QueuedFile[] {
    const entry = this.#entries.get(batch);
    const found: QueuedFile[] = [];
    for (const id of entry?.states.get(state) ?? []) {
      if (found.length >= limit) break;
      const file = entry?.files.get(id);
      if (file !== undefined) found.push(file);
    }
    return found;
  }

  totals(batch: string): BatchTotals {
    return this.#entries.get(batch)?.totals ?? new BatchTotals();
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
      this.#entries.set(batch.id, emptyEntry(batch));
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
    this.#entries.set(added.id, emptyEntry(added));
    this.#store.saveBatch(added);
    this.#changed();
    return added;
  }

  /** The walk has found files, and what it could not look at. */
  found(batch: string, found: readonly (NewFile | UnlistedFile)[]): void {
    const entry = this.#entries.get(batch);
    if (entry === undefined || entry.batch.walked) return;
    const fresh = found.filter(({ source }) => !entry.sources.has(source));
    this.#put(
      fresh.map(
        (file): QueuedFile => ({
          size: 0,
          modified: 0,
          state: 'message' in file ? 'failed' : entry.batch.paused ? 'paused' : 'waiting',
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
    for (const { batch, states, files } of this.#entries.values()) {
      const waiting = states.get('waiting');
      if (waiting === undefined || waiting.size === 0 || !isServed(batch)) continue;
      for (const id of waiting) {
        const file = files.get(id);
        if (file === undefined || isHeldBack(id)) continue;
        this.#put([{ ...file, state: 'running' }]);
        return this.file(id);
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
    for (const batch of new Set(ids.map((id) => this.#batchOf.get(id)))) {
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
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    for (const file of entry.files.keys()) this.#batchOf.delete(file);
    this.#store.removeBatch(id);
    this.#changed();
  }

  /** A walk of their own for what could not be looked at: a folder may stand behind it. */
  #retryWalks(files: readonly QueuedFile[]): void {
    for (const file of files) {
      const batch = this.batch(file.batch);
      if (batch === undefined) continue;
      this.#forget(file.batch, [file]);
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
    const entry = this.#entries.get(id);
    if (entry === undefined || !entry.batch.walked || entry.totals.unfinished > 0) return;
    if (entry.batch.ended !== undefined) return;
    const done = this.files(id).filter(({ state }) => state === 'done');
    // A batch of one file is shown as that file.
    const forgotten = entry.files.size === 1 ? [] : done;
    this.#update(id, {
      ended: Date.now(),
      settledFiles: entry.batch.settledFiles + forgotten.length,
      settledBytes: entry.batch.settledBytes + forgotten.reduce((sum, { size }) => sum + size, 0),
    });
    this.#forget(id, forgotten);
    for (const listener of this.#settled) listener(entry.batch);
  }

  #forget(batch: string, files: readonly QueuedFile[]): void {
    const entry = this.#entries.get(batch);
    if (entry === undefined || files.length === 0) return;
    for (const file of files) {
      entry.totals.remove(file);
      entry.files.delete(file.id);
      entry.states.get(file.state)?.delete(file.id);
      this.#batchOf.delete(file.id);
    }
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
    this.#keep(files.map((file) => ({ ...file, state })));
    this.#changed();
  }

  #put(files: readonly QueuedFile[], durable = true): void {
    if (files.length === 0) return;
    this.#keep(files);
    if (durable) this.#store.saveFiles(files);
    this.#changed(durable ? 'records' : 'progress');
  }

  /** In memory. */
  #keep(files: readonly QueuedFile[]): void {
    for (const file of files) {
      const entry = this.#entries.get(file.batch);
      if (entry === undefined) continue;
      const before = entry.files.get(file.id);
      if (before !== undefined) entry.totals.remove(before);
      entry.totals.add(file);
      entry.files.set(file.id, file);
      entry.sources.add(file.source);
      this.#batchOf.set(file.id, file.batch);
      if (before?.state === file.state) continue;
      if (before !== undefined) entry.states.get(before.state)?.delete(file.id);
      const alike = entry.states.get(file.state);
      if (alike === undefined) entry.states.set(file.state, new Set([file.id]));
      else alike.add(file.id);
    }
  }

  #update(id: string, change: Partial<Batch>): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.batch = { ...entry.batch, ...change };
    this.#store.saveBatch(entry.batch);
    this.#changed();
  }

  #newId(): string {
    const { prefix, next } = this.#ids;
    this.#ids.next += 1;
    return `${prefix}.${next.toString(36).padStart(8, '0')}`;
  }

  #entryOf(file: string): Entry | undefined {
    return this.#entries.get(this.#batchOf.get(file) ?? '');
  }

  #changed(change: Change = 'records'): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function emptyEntry(batch: Batch): Entry {
  return {
    batch,
    files: new Map(),
    states: new Map(),
    sources: new Set(),
    totals: new BatchTotals(),
  };
}
