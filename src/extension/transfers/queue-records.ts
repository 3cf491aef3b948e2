import { BatchTotals } from './batch-totals.ts';
import type { Batch, FileState, QueuedFile } from './records.ts';

interface Entry {
  batch: Batch;
  readonly files: Map<string, QueuedFile>;
  /** The same by state, each in the order in which files came into it. */
  readonly states: Map<FileState, Set<string>>;
  readonly sources: Set<string>;
  readonly totals: BatchTotals;
}

/** The records of a queue in memory, with what is asked of them all the time: by batch, by state, and their sums. */
export class QueueRecords {
  readonly #entries = new Map<string, Entry>();
  readonly #batchOf = new Map<string, string>();

  get batches(): readonly Batch[] {
    return [...this.#entries.values()].map(({ batch }) => batch);
  }

  batch(id: string): Batch | undefined {
    return this.#entries.get(id)?.batch;
  }

  batchOf(file: string): string | undefined {
    return this.#batchOf.get(file);
  }

  file(id: string): QueuedFile | undefined {
    return this.#entries.get(this.#batchOf.get(id) ?? '')?.files.get(id);
  }

  files(batch: string): readonly QueuedFile[] {
    return [...(this.#entries.get(batch)?.files.values() ?? [])];
  }

  /** The first of a batch that are in a state; quick, however many others there are. */
  *filesIn(
    batch: string,
    state: FileState,
    limit = Number.POSITIVE_INFINITY,
  ): Generator<QueuedFile, undefined> {
    const entry = this.#entries.get(batch);
    let count = 0;
    for (const id of entry?.states.get(state) ?? []) {
      if (count >= limit) return;
      count += 1;
      const file = entry?.files.get(id);
      if (file !== undefined) yield file;
    }
  }

  totals(batch: string): BatchTotals {
    return this.#entries.get(batch)?.totals ?? new BatchTotals();
  }

  /** Whether a batch has, or had, a file from there. */
  knows(batch: string, source: string): boolean {
    return this.#entries.get(batch)?.sources.has(source) ?? false;
  }

  keepBatch(batch: Batch): void {
    const entry = this.#entries.get(batch.id);
    if (entry !== undefined) entry.batch = batch;
    else
      this.#entries.set(batch.id, {
        batch,
        files: new Map(),
        states: new Map(),
        sources: new Set(),
        totals: new BatchTotals(),
      });
  }

  /** Takes files, or what they are now; those of batches that are gone are not kept. */
  keepFiles(files: readonly QueuedFile[]): void {
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

  removeFiles(files: readonly QueuedFile[]): void {
    for (const file of files) {
      const entry = this.#entries.get(file.batch);
      if (entry === undefined || !entry.files.delete(file.id)) continue;
      entry.totals.remove(file);
      entry.states.get(file.state)?.delete(file.id);
      this.#batchOf.delete(file.id);
    }
  }

  removeBatch(id: string): void {
    for (const file of this.#entries.get(id)?.files.keys() ?? []) this.#batchOf.delete(file);
    this.#entries.delete(id);
  }
}
