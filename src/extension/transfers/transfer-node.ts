/** How the queue's records look in the Transfers view. */
import { basename, posix } from 'node:path';
import * as vscode from 'vscode';
import { countFiles, formatCount, formatSize, formatTime } from '../wording.ts';
import type { Pace } from './pace.ts';
import type { Batch, FileState, QueuedFile } from './records.ts';
import type { TransferQueue } from './transfer-queue.ts';
import type { TransferNode } from './transfer-rows.ts';
import type { TransferRunner } from './transfer-runner.ts';
import { toUri } from './transfer-uri.ts';
import { describeCount, describeMovement, formatDuration } from './transfer-words.ts';

export interface Shown {
  readonly queue: TransferQueue;
  readonly runner: Pick<TransferRunner, 'speed' | 'pace'>;
  /** Why nothing moves though something waits. */
  readonly isConnected: boolean;
}

const icons: Readonly<Record<FileState, readonly [icon: string, color?: string]>> = {
  waiting: ['clock'],
  running: ['cloud-upload', 'progressBar.background'],
  paused: ['debug-pause'],
  asking: ['question', 'list.warningForeground'],
  done: ['check', 'testing.iconPassed'],
  skipped: ['debug-step-over'],
  failed: ['error', 'list.errorForeground'],
  canceled: ['circle-slash'],
};

function iconOf(state: FileState, { direction }: Batch): vscode.ThemeIcon {
  const [icon, color] = icons[state];
  const shown = state === 'running' && direction === 'download' ? 'cloud-download' : icon;
  return new vscode.ThemeIcon(shown, color === undefined ? undefined : new vscode.ThemeColor(color));
}

function stateWords(state: FileState): string {
  switch (state) {
    case 'waiting':
      return vscode.l10n.t('waiting');
    case 'running':
      return vscode.l10n.t('running');
    case 'paused':
      return vscode.l10n.t('paused');
    case 'asking':
      return vscode.l10n.t('exists already: needs your answer');
    case 'done':
      return vscode.l10n.t('done');
    case 'skipped':
      return vscode.l10n.t('skipped');
    case 'failed':
      return vscode.l10n.t('failed');
    case 'canceled':
      return vscode.l10n.t('canceled');
  }
}

export function fileItem(file: QueuedFile, batch: Batch, { isConnected }: Shown): vscode.TreeItem {
  const item = new vscode.TreeItem(nameOf(batch, file.source));
  item.id = file.id;
  item.resourceUri = toUri(file.id);
  item.iconPath = iconOf(file.state, batch);
  item.contextValue = `file.${file.state}`;
  item.description = describeFile(file, isConnected);
  const direction = directionWords(batch);
  item.tooltip = [
    `${direction}: ${file.source}`,
    vscode.l10n.t('To: {0}', file.target),
    `${stateWords(file.state)}${file.message === undefined ? '' : `: ${file.message}`}`,
  ].join('\n');
  item.accessibilityInformation = {
    label: [nameOf(batch, file.source), direction, stateWords(file.state), item.description].join(', '),
  };
  return item;
}

function describeFile(file: QueuedFile, isConnected: boolean): string {
  // How far it is, its decoration tells.
  if (file.state === 'done' || file.state === 'running') return formatSize(file.size);
  if (file.state === 'failed') return file.message ?? stateWords('failed');
  const state =
    file.state === 'waiting' && !isConnected
      ? vscode.l10n.t('waiting for the servers')
      : stateWords(file.state);
  if (file.bytes === 0) return state;
  return `${state}, ${describeMovement({ bytes: file.size, bytesDone: file.bytes, filesLeft: 1 })}`;
}

export function batchItem(batch: Batch, shown: Shown): vscode.TreeItem {
  const state = stateOfBatch(batch, shown.queue);
  const item = new vscode.TreeItem(titleOf(batch));
  item.collapsibleState =
    batch.ended === undefined
      ? vscode.TreeItemCollapsibleState.Expanded
      : shown.queue.totals(batch.id).files > 0
        ? vscode.TreeItemCollapsibleState.Collapsed
        : vscode.TreeItemCollapsibleState.None;
  item.id = batch.id;
  item.resourceUri = toUri(batch.id);
  item.iconPath = iconOf(state, batch);
  item.contextValue = `batch.${state}`;
  item.description = describeBatch(batch, state, shown);
  item.tooltip = [
    `${directionWords(batch)}:`,
    ...batch.sources.slice(0, 10),
    ...(batch.sources.length > 10 ? ['...'] : []),
    vscode.l10n.t('To: {0}', batch.target),
    vscode.l10n.t('Begun: {0}', formatTime(batch.created)),
  ].join('\n');
  item.accessibilityInformation = {
    label: [titleOf(batch), directionWords(batch), stateWords(state), item.description].join(', '),
  };
  return item;
}

/** What does not change while it moves. */
function describeBatch(batch: Batch, state: FileState, { queue, isConnected }: Shown): string {
  const totals = queue.totals(batch.id);
  const parts: string[] = [];
  if (batch.ended === undefined) {
    const files = batch.settledFiles + totals.files;
    if (!isConnected) parts.push(vscode.l10n.t('waiting for the servers'));
    else if (state !== 'running' && state !== 'asking') parts.push(stateWords(state));
    if (batch.walked && files > 1) parts.push(countFiles(files));
    if (batch.walked && files <= 1 && state !== 'asking') parts.push(formatSize(totals.bytes));
  } else {
    const done = batch.settledFiles + totals.count('done');
    parts.push(describeCount(done, batch.settledFiles + totals.files, false));
    parts.push(formatSize(batch.settledBytes + totals.bytesDone));
    parts.push(formatDuration((batch.ended - batch.created) / 1000));
    // Before it had found a file that is not done.
    if (batch.cutShort && totals.count('canceled') === 0) parts.push(stateWords('canceled'));
  }
  for (const each of ['failed', 'skipped', 'canceled', 'asking'] as const) {
    const count = totals.count(each);
    if (count > 0)
      parts.push(
        count === 1 && totals.files === 1 ? stateWords(each) : `${formatCount(count)} ${stateWords(each)}`,
      );
  }
  return parts.join(', ');
}

/** How far a batch is: the row that is drawn again and again, and has no buttons for that reason. */
export function progressItem(node: TransferNode & { kind: 'progress' }, shown: Shown): vscode.TreeItem {
  const { queue, runner } = shown;
  const batch = queue.batch(node.batch);
  const item = new vscode.TreeItem(batch === undefined ? '' : progressOf(batch, queue, runner.pace));
  item.id = node.id;
  item.contextValue = 'progress';
  item.iconPath = new vscode.ThemeIcon('dashboard');
  return item;
}

function progressOf(batch: Batch, queue: TransferQueue, pace: Pace): string {
  const totals = queue.totals(batch.id);
  const files = batch.settledFiles + totals.files;
  const bytes = batch.settledBytes + totals.bytes;
  const bytesDone = batch.settledBytes + totals.bytesDone;
  const isRunning = totals.count('running') > 0;
  const isOne = batch.walked && files === 1;
  const count = isOne
    ? undefined
    : describeCount(batch.settledFiles + totals.count('done'), files, !batch.walked);
  // Nothing has been found yet.
  if (bytes === 0 && !batch.walked) return count ?? '';
  return describeMovement({
    bytes,
    bytesDone,
    ...(count !== undefined && { count }),
    ...(batch.walked && { filesLeft: totals.unfinished }),
    ...(isRunning && { pace }),
  });
}

/** The share of a batch or a file that has arrived, as a decoration of its row; none where nothing moves. */
export function decorationOf(id: string, { queue, runner }: Pick<Shown, 'queue' | 'runner'>) {
  const file = queue.file(id);
  const totals = queue.totals(id);
  const movement =
    file === undefined
      ? {
          bytes: totals.bytes,
          bytesDone: totals.bytesDone,
          filesLeft: totals.unfinished,
          pace: runner.pace,
        }
      : {
          bytes: file.size,
          bytesDone: file.bytes,
          filesLeft: 1,
          pace: { bytes: runner.speed(id), files: 0, bestBytes: 0 },
        };
  const { bytes, bytesDone } = movement;
  const isRunning = file === undefined ? totals.count('running') > 0 : file.state === 'running';
  if (!isRunning || bytes === 0) return undefined;
  const percent = Math.min(99, Math.floor((bytesDone * 100) / bytes));
  return new vscode.FileDecoration(
    // VS Code has room for two characters.
    percent < 10 ? `${percent}%` : String(percent),
    `${percent} %, ${describeMovement(movement)}`,
  );
}

export function moreItem(node: TransferNode & { kind: 'more' }): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t('{0} more', formatCount(node.count)));
  item.id = node.id;
  item.contextValue = 'more';
  return item;
}

/** What a batch is doing, or how it ended. */
export function stateOfBatch(batch: Batch, queue: TransferQueue): FileState {
  const totals = queue.totals(batch.id);
  if (batch.ended === undefined) {
    const first = (['running', 'asking', 'waiting', 'paused'] as const).find(
      (state) => totals.count(state) > 0,
    );
    return first ?? (batch.paused ? 'paused' : 'waiting');
  }
  if (totals.count('failed') > 0) return 'failed';
  // What was canceled can be tried again, so that the row must not look done.
  if (batch.cutShort || totals.count('canceled') > 0) return 'canceled';
  if (batch.settledFiles + totals.count('done') > 0) return 'done';
  return totals.files === 0 ? 'canceled' : 'skipped';
}

export function titleOf({ direction, sources, target }: Batch): string {
  const [first = target] = sources;
  const name = direction === 'upload' ? basename(first) : posix.basename(first) || '/';
  if (sources.length <= 1) return name;
  return vscode.l10n.t('{0} and {1} more', name, sources.length - 1);
}

function nameOf({ direction }: Batch, source: string): string {
  return direction === 'upload' ? basename(source) : posix.basename(source);
}

function directionWords({ direction }: Batch): string {
  return direction === 'upload' ? vscode.l10n.t('Upload') : vscode.l10n.t('Download');
}
