/** What the transfer queue remembers: an action of a person is a batch, and each file of it a queued file. */
import * as v from 'valibot';

export const directions = ['upload', 'download'] as const;

/** `keepBoth` gives the new file a free name; `newer` overwrites an older file only. */
export const conflictChoices = ['overwrite', 'skip', 'keepBoth', 'newer'] as const;
export type ConflictAnswer = (typeof conflictChoices)[number];

export const fileStates = [
  'waiting',
  'running',
  'paused',
  'asking',
  'done',
  'skipped',
  'failed',
  'canceled',
] as const;
export type FileState = (typeof fileStates)[number];

const unfinished: ReadonlySet<FileState> = new Set(['waiting', 'running', 'paused', 'asking']);
export const isUnfinished = (state: FileState): boolean => unfinished.has(state);

export const batchRecord = v.object({
  id: v.string(),
  direction: v.picklist(directions),
  /** Id of the pool whose coordinator it goes to or comes from. */
  pool: v.string(),
  /** Local paths for an upload, paths of the coordinator for a download. */
  sources: v.array(v.string()),
  /** The folder that they go to. */
  target: v.string(),
  /** Milliseconds since 1970. */
  created: v.number(),
  /** When nothing of it was left to do, in milliseconds since 1970. */
  ended: v.optional(v.number()),
  /** All its files are in the queue. */
  walked: v.boolean(),
  paused: v.boolean(),
  /** It was canceled before all its files were found: trying again begins with looking for them. */
  cutShort: v.optional(v.boolean()),
  /** The answer that holds for all its files. */
  choice: v.optional(v.picklist(conflictChoices)),
  /** Files that are done, and that the queue has no more records of; and their bytes. */
  settledFiles: v.number(),
  settledBytes: v.number(),
});
export type Batch = Readonly<v.InferOutput<typeof batchRecord>>;

export const fileRecord = v.object({
  id: v.string(),
  batch: v.string(),
  source: v.string(),
  target: v.string(),
  /** Bytes of the source, and when it was modified (milliseconds since 1970), as they were seen last. */
  size: v.number(),
  modified: v.number(),
  state: v.picklist(fileStates),
  /** Bytes that have arrived. */
  bytes: v.number(),
  /** Some of it may have arrived: the next attempt goes on there. */
  started: v.boolean(),
  /** Temporary file of a download. */
  draft: v.optional(v.string()),
  /** What to do if the target exists. */
  choice: v.optional(v.picklist(conflictChoices)),
  /** Why it failed. */
  message: v.optional(v.string()),
  /** A file or folder that could not be looked at; a retry looks again. */
  unlisted: v.boolean(),
});
export type QueuedFile = Readonly<v.InferOutput<typeof fileRecord>>;

/** Where the queue's records are kept. Each call is durable, as a whole, when it returns. */
export interface QueueStore {
  load(): { readonly batches: readonly Batch[]; readonly files: readonly QueuedFile[] };
  saveBatch(batch: Batch): void;
  saveFiles(files: readonly QueuedFile[]): void;
  /** All files of a batch that are in one of these states go into another. */
  moveFiles(batch: string, from: readonly FileState[], to: FileState): void;
  removeFiles(ids: readonly string[]): void;
  /** With its files. */
  removeBatch(id: string): void;
}
