/** Which rows the Transfers view shows, in which order. */
import type { Batch, FileState, QueuedFile } from './records.ts';
import type { TransferQueue } from './transfer-queue.ts';
import type { TransferRunner } from './transfer-runner.ts';

/**
 * What the view shows: an action of a person, or a file of it. How far an action is stands in a row of its own, which
 * has no buttons (see {@link TransfersView}); a list that is cut says so in a last row.
 */
export type TransferNode =
  | { readonly kind: 'batch'; readonly id: string }
  | { readonly kind: 'file'; readonly id: string; readonly batch: string }
  | { readonly kind: 'progress'; readonly id: string; readonly batch: string }
  | { readonly kind: 'more'; readonly id: string; readonly count: number };

export interface Listed {
  readonly queue: TransferQueue;
  readonly runner: Pick<TransferRunner, 'elapsed'>;
}

/** Rows below one batch at most: what needs somebody first. */
const rows = 200;
/** Milliseconds after which a file of a large batch is worth a row: small ones have gone before anybody reads it. */
const lasting = 2000;

const order: readonly FileState[] = [
  'asking',
  'failed',
  'running',
  'paused',
  'waiting',
  'skipped',
  'canceled',
  'done',
];

/** What is to be done before what is over, the latest of that first. */
export function topRows({ queue }: Listed): TransferNode[] {
  const open = queue.batches.filter(({ ended }) => ended === undefined);
  const over = queue.batches
    .filter(({ ended }) => ended !== undefined)
    .toSorted((a, b) => (b.ended ?? 0) - (a.ended ?? 0));
  return [
    ...open.map(({ id }): TransferNode => ({ kind: 'batch', id })),
    ...over.map((batch) => overRow(batch, queue)),
  ];
}

/** A batch of one file is shown as that file, unless there are others that were not found yet. */
function overRow({ id, settledFiles, cutShort }: Batch, queue: TransferQueue): TransferNode {
  const isOneFile = queue.totals(id).files === 1 && settledFiles === 0 && !cutShort;
  const [file] = isOneFile ? queue.files(id) : [];
  return file === undefined ? { kind: 'batch', id } : { kind: 'file', id: file.id, batch: id };
}

/** How far the batch is, and files of it. */
export function rowsBelow({ id, ended }: Batch, { queue, runner }: Listed): TransferNode[] {
  const row = (file: QueuedFile): TransferNode => ({ kind: 'file', id: file.id, batch: id });
  const { files } = queue.totals(id);
  if (ended === undefined) {
    const shown = files <= rows ? queue.files(id) : notable(id, { queue, runner });
    const below = files === 1 ? [] : shown.map(row);
    return [{ kind: 'progress', id: `${id} progress`, batch: id }, ...below];
  }
  const first: QueuedFile[] = [];
  for (const state of order) first.push(...queue.filesIn(id, state, rows - first.length));
  const count = files - first.length;
  const shown = first.map(row);
  return count === 0 ? shown : [...shown, { kind: 'more', id: `${id} more`, count }];
}

/** Of a batch with more files than can be shown: what needs somebody, and what takes its time. */
function notable(batch: string, { queue, runner }: Listed): QueuedFile[] {
  const stuck = (['asking', 'failed'] as const).flatMap((state) => queue.filesIn(batch, state, rows));
  const running = queue.filesIn(batch, 'running').filter(({ id }) => runner.elapsed(id) >= lasting);
  const paused = queue.batch(batch)?.paused ? [] : queue.filesIn(batch, 'paused', rows);
  return [...stuck, ...running, ...paused].slice(0, rows);
}
