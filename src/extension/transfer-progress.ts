import * as vscode from 'vscode';
import type { TransferOptions, TransferProgress, TransferResult } from '../client/transfer.ts';
import { conflictAsker } from './conflicts.ts';
import { countFiles, formatSize } from './wording.ts';

export interface Batch {
  /** What goes on: "Uploading to /docs". */
  readonly title: string;
  /** What was done with the files, after their count: "uploaded to /docs". */
  readonly done: string;
  transfer(options: TransferOptions): Promise<TransferResult>;
  /** Where a file from this path arrives: what is asked about, where failures name the source. */
  targetOf(source: string): string;
  /** The button that shows the result. */
  readonly reveal?: { readonly title: string; show(): Promise<void> };
}

/**
 * Transfers with progress, cancel, and questions about existing files, and ends with one message.
 * @returns undefined when it was cancelled.
 */
export async function runBatch(
  batch: Batch,
  log: vscode.LogOutputChannel,
): Promise<TransferResult | undefined> {
  const result = await transferWithProgress(batch);
  if (result === undefined) {
    log.info(`${batch.title}: cancelled`);
    vscode.window.setStatusBarMessage('$(circle-slash) SplitFTP: cancelled', 5000);
    return undefined;
  }
  for (const { path, message } of result.failures) log.error(`${batch.title}: ${path}: ${message}`);
  log.info(`${summary(batch, result)}`);
  // Not awaited: a message stays until the person closes it, the batch is over now.
  void showResult(batch, result, log).then(undefined, (error: Error) => log.error(error));
  return result;
}

async function transferWithProgress(
  batch: Batch,
  onConflict?: TransferOptions['onConflict'],
): Promise<TransferResult | undefined> {
  const location = vscode.ProgressLocation.Notification;
  const options = { location, title: `SplitFTP: ${batch.title}`, cancellable: true };
  return vscode.window.withProgress(options, async (progress, token) => {
    const abort = new AbortController();
    const cancel = token.onCancellationRequested(() => abort.abort(new vscode.CancellationError()));
    let percent = 0;
    try {
      return await batch.transfer({
        signal: abort.signal,
        onConflict: onConflict ?? conflictAsker(abort),
        onProgress: (now) => {
          // While folders are counted the total grows; the bar only ever goes forward.
          const reached = Math.max(percent, now.counting ? 0 : percentOf(now));
          progress.report({ message: describe(now), increment: reached - percent });
          percent = reached;
        },
      });
    } catch (error) {
      if (abort.signal.aborted) return undefined;
      throw error;
    } finally {
      cancel.dispose();
    }
  });
}

function percentOf({ filesDone, filesTotal, bytesDone, bytesTotal }: TransferProgress): number {
  if (bytesTotal > 0) return (100 * bytesDone) / bytesTotal;
  return filesTotal > 0 ? (100 * filesDone) / filesTotal : 0;
}

function describe({ filesDone, filesTotal, bytesDone, bytesTotal, counting }: TransferProgress): string {
  if (counting) return `${countFiles(filesDone)}, ${formatSize(bytesDone)}, still counting ...`;
  return `${filesDone} of ${countFiles(filesTotal)}, ${formatSize(bytesDone)} of ${formatSize(bytesTotal)}`;
}

function summary(batch: Batch, { files, bytes, skipped, failures }: TransferResult): string {
  const arrived = files === 0 ? 'No files' : `${countFiles(files)} (${formatSize(bytes)})`;
  const parts = [`${arrived} ${batch.done}`];
  if (skipped.length > 0) parts.push(`${countFiles(skipped.length)} not replaced`);
  if (failures.length > 0) parts.push(`${countFiles(failures.length)} failed`);
  return parts.join(', ');
}

async function showResult(batch: Batch, result: TransferResult, log: vscode.LogOutputChannel): Promise<void> {
  const [first] = result.failures;
  if (first === undefined) {
    const buttons = batch.reveal === undefined || result.files === 0 ? [] : [batch.reveal.title];
    const answer = await vscode.window.showInformationMessage(summary(batch, result), ...buttons);
    if (answer !== undefined) await batch.reveal?.show();
    return;
  }
  const text = `${summary(batch, result)}. ${first.path}: ${first.message}`;
  const answer = await vscode.window.showErrorMessage(text, 'Retry', 'Show Logs');
  if (answer === 'Show Logs') log.show();
  if (answer === 'Retry') await runBatch(retry(batch, result), log);
}

/** The same batch once more for what failed: files that have arrived, or were declined, are left as they are. */
function retry(batch: Batch, { failures }: TransferResult): Batch {
  const failed = new Set(failures.map(({ path }) => batch.targetOf(path)));
  return {
    ...batch,
    transfer: async (options) => ({
      ...(await batch.transfer({
        ...options,
        onConflict: async (path) => (failed.has(path) ? 'overwrite' : 'skip'),
      })),
      // The first message has told of them.
      skipped: [],
    }),
  };
}
