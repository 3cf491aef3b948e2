/** One attempt at one file of the queue. */
import { rm, stat } from 'node:fs/promises';
import * as path from 'node:path';
import { posix } from 'node:path';
import { l10n } from 'vscode';
import { systemCode } from '../../client/errors.ts';
import { draftPath } from '../../client/file-transfer.ts';
import type { SplitClient } from '../../client/split-client.ts';
import { freePath } from './free-name.ts';
import type { Batch, QueuedFile } from './records.ts';
import type { Outcome, TransferQueue } from './transfer-queue.ts';

export type Transport = Pick<
  SplitClient,
  'stat' | 'sendFile' | 'fetchFile' | 'findUploads' | 'findDownloads'
>;

/** What is in the way at a target. */
export interface Existing {
  readonly size: number;
  readonly modified: Date;
}

interface Task {
  readonly queue: TransferQueue;
  readonly transport: Transport;
  readonly batch: Batch;
  readonly file: QueuedFile;
  readonly signal: AbortSignal;
  onMoved(bytes: number): void;
}

/**
 * Transfers a file, unless it has to be asked about first.
 * @returns what was found at the target when a person has to choose
 */
export async function transferFile(task: Task): Promise<Outcome | { readonly existing: Existing }> {
  return task.batch.direction === 'upload' ? upload(task) : download(task);
}

async function upload(task: Task): Promise<Outcome | { readonly existing: Existing }> {
  const { queue, transport, file, signal } = task;
  const { size, mtime } = await stat(file.source);
  const modified = mtime.getTime();
  const unchanged = size === file.size && modified === file.modified;
  const target = await settleConflict(task, modified, {
    existing: async (remote) => {
      const entry = await transport.stat(remote);
      if (entry?.kind === 'directory')
        throw new Error(l10n.t('{0} is a folder, and no file can take its place', remote));
      return entry;
    },
    paths: posix,
  });
  if (typeof target !== 'string') return target;
  const continues = file.started && unchanged;
  queue.note(file.id, { size, modified, started: true, ...(continues ? {} : { bytes: 0 }) });
  const bytes = await transport.sendFile(file.source, target, {
    signal,
    continues,
    onPosition: positionOf(task),
  });
  return { state: 'done', bytes };
}

async function download(task: Task): Promise<Outcome | { readonly existing: Existing }> {
  const { queue, transport, file, signal } = task;
  const entry = await transport.stat(file.source);
  if (entry === undefined) throw new Error(l10n.t('there is no such file any more'));
  if (entry.kind === 'directory') throw new Error(l10n.t('it has become a folder'));
  const modified = entry.modified.getTime();
  const target = await settleConflict(task, modified, { existing: localFile, paths: path });
  if (typeof target !== 'string') return target;
  if (entry.size !== file.size || modified !== file.modified) await removeDraft(file);
  const draft = file.draft ?? draftPath(target);
  queue.note(file.id, { size: entry.size, modified, draft, started: true });
  const bytes = await transport.fetchFile({ path: entry.path, modified: entry.modified }, target, draft, {
    signal,
    onPosition: positionOf(task),
  });
  return { state: 'done', bytes };
}

/** Removes what a canceled download has left. */
export async function removeDraft({ draft }: QueuedFile): Promise<void> {
  if (draft !== undefined) await rm(draft, { force: true });
}

interface Side {
  existing(target: string): Promise<Existing | undefined>;
  readonly paths: typeof posix | typeof path.win32;
}

/** The path to write to, or why not. */
async function settleConflict(
  { queue, batch, file }: Task,
  modified: number,
  { existing, paths }: Side,
): Promise<string | Outcome | { readonly existing: Existing }> {
  const choice = file.choice ?? batch.choice;
  if (choice === 'overwrite') return file.target;
  const found = await existing(file.target);
  if (found === undefined) return file.target;
  if (choice === undefined) return { existing: found };
  if (choice === 'skip') return { state: 'skipped' };
  if (choice === 'newer') {
    // FTP tells whole seconds.
    const isNewer = Math.floor(modified / 1000) > Math.floor(found.modified.getTime() / 1000);
    return isNewer ? file.target : { state: 'skipped' };
  }
  const target = await freePath(file.target, async (one) => (await existing(one)) !== undefined, paths);
  // Decided once: the next attempt goes on with this very file.
  queue.note(file.id, { target, choice: 'overwrite' });
  return target;
}

async function localFile(target: string): Promise<Existing | undefined> {
  try {
    const found = await stat(target);
    if (found.isDirectory())
      throw new Error(l10n.t('{0} is a folder, and no file can take its place', target));
    return { size: found.size, modified: found.mtime };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Tells the queue how far the file has come, and what of that has moved now: what was there before did not. */
function positionOf({ queue, file, onMoved }: Task): (bytes: number) => void {
  let last: number | undefined;
  return (bytes) => {
    onMoved(last === undefined ? 0 : Math.max(0, bytes - last));
    last = bytes;
    queue.progressed(file.id, bytes);
  };
}
