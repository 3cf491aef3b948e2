import { join, posix } from 'node:path';
import * as vscode from 'vscode';
import type { TransferResult } from '../../client/transfer.ts';
import { countFiles, formatSize } from '../wording.ts';
import type { Batch } from './records.ts';
import type { TransferQueue } from './transfer-queue.ts';

export interface BatchResult extends TransferResult {
  readonly canceled: number;
}

interface Reported {
  readonly files: number;
  readonly bytes: number;
  readonly skipped: ReadonlySet<string>;
}

/** What each batch has done since it was told last: after a retry only what that brought. */
export class BatchResults {
  readonly #queue: TransferQueue;
  readonly #reported = new Map<string, Reported>();

  constructor(queue: TransferQueue) {
    this.#queue = queue;
  }

  take(batch: Batch): BatchResult {
    const before = this.#reported.get(batch.id);
    const rows = this.#queue.files(batch.id);
    const done = rows.filter(({ state }) => state === 'done');
    const files = batch.settledFiles + done.length;
    const bytes = batch.settledBytes + done.reduce((sum, { size }) => sum + size, 0);
    const skipped = rows.filter(({ state }) => state === 'skipped').map(({ source }) => source);
    this.#reported.set(batch.id, { files, bytes, skipped: new Set(skipped) });
    return {
      files: files - (before?.files ?? 0),
      bytes: bytes - (before?.bytes ?? 0),
      skipped: skipped.filter((source) => !before?.skipped.has(source)),
      failures: rows
        .filter(({ state }) => state === 'failed')
        .map(({ source, message = '' }) => ({ path: source, message })),
      canceled: rows.filter(({ state }) => state === 'canceled').length,
    };
  }
}

/** Whether nothing else became of it; it may have been canceled before it had a file. */
export function isAllCanceled(
  { cutShort = false }: Pick<Batch, 'cutShort'>,
  { files, skipped, failures, canceled }: BatchResult,
): boolean {
  return (canceled > 0 || cutShort) && files + failures.length + skipped.length === 0;
}

export interface ResultActions {
  readonly log: vscode.LogOutputChannel;
  /** Whether storage servers need somebody: that may be why something failed. */
  readonly isPoolInTrouble: boolean;
  retry(): void;
  /** Shows what is stored at a path. */
  reveal(path: string): Promise<void>;
}

/** One message for the whole batch. */
export async function tellResult(batch: Batch, result: BatchResult, actions: ResultActions): Promise<void> {
  const { log } = actions;
  for (const { path, message } of result.failures) log.error(`${path}: ${message}`);
  const text = summary(batch, result);
  log.info(text);
  if (isAllCanceled(batch, result)) {
    vscode.window.setStatusBarMessage(`$(circle-slash) ${vscode.l10n.t('SplitFTP: canceled')}`, 5000);
    return;
  }
  const [failure] = result.failures;
  if (failure === undefined) {
    const show = showing(batch, actions);
    const buttons = show === undefined || result.files === 0 ? [] : [show.title];
    const answer = await vscode.window.showInformationMessage(text, ...buttons);
    if (answer !== undefined) await show?.run();
    return;
  }
  const [retry, logs] = [vscode.l10n.t('Retry'), vscode.l10n.t('Show Logs')];
  const message = `${text}. ${failure.path}: ${failure.message}`;
  const servers = vscode.l10n.t('Show Servers');
  const buttons = [retry, ...(actions.isPoolInTrouble ? [servers] : []), logs];
  const answer = await vscode.window.showErrorMessage(message, ...buttons);
  if (answer === servers) await vscode.commands.executeCommand('splitftp.servers.focus');
  if (answer === logs) log.show();
  if (answer === retry) actions.retry();
}

function summary({ direction, target }: Batch, { files, bytes, skipped, failures, canceled }: BatchResult) {
  const count = files === 0 ? vscode.l10n.t('No files') : `${countFiles(files)} (${formatSize(bytes)})`;
  const parts = [
    direction === 'upload'
      ? vscode.l10n.t('{0} uploaded to {1}', count, target)
      : vscode.l10n.t('{0} downloaded to {1}', count, target),
  ];
  if (skipped.length > 0) parts.push(vscode.l10n.t('{0} not replaced', countFiles(skipped.length)));
  if (canceled > 0) parts.push(vscode.l10n.t('{0} canceled', countFiles(canceled)));
  if (failures.length > 0) parts.push(vscode.l10n.t('{0} failed', countFiles(failures.length)));
  return parts.join(', ');
}

/** Where the first file is now: in the tree, in the explorer, or in the machine's own file manager if it is at hand. */
function showing(
  { direction, sources, target }: Batch,
  { reveal }: ResultActions,
): { title: string; run(): Promise<void> } | undefined {
  const [first = ''] = sources;
  if (direction === 'upload') {
    const path = posix.join(target, vscode.Uri.file(first).path.split('/').at(-1) ?? '');
    return { title: vscode.l10n.t('Show'), run: () => reveal(path) };
  }
  const result = vscode.Uri.file(join(target, posix.basename(first)));
  const command =
    vscode.workspace.getWorkspaceFolder(result) !== undefined
      ? 'revealInExplorer'
      : vscode.env.remoteName === undefined
        ? 'revealFileInOS'
        : undefined;
  if (command === undefined) return undefined;
  return {
    title: vscode.l10n.t('Reveal'),
    run: async () => {
      await vscode.commands.executeCommand(command, result);
    },
  };
}
