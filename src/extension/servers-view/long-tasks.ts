/** Work of the coordinator that a person begins and may end: its progress, and what came out of it. */
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { SplitClient } from '../../client/split-client.ts';
import { countFiles, countParts, formatCount, formatSize } from '../wording.ts';

/** Milliseconds between two questions how far it is. */
const pause = 1000;

interface LongTask<T extends { readonly state: string }> {
  readonly title: string;
  begin(): Promise<T>;
  look(task: T): Promise<T>;
  stop(task: T): Promise<T>;
  describe(task: T): string;
}

/** Follows it until it ends, whoever ends it. */
function follow<T extends { readonly state: string }>(task: LongTask<T>): Promise<T> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: `SplitFTP: ${task.title}`,
    cancellable: true,
  };
  return Promise.resolve(
    vscode.window.withProgress(options, async (progress, token) => {
      let now = await task.begin();
      while (now.state === 'running') {
        progress.report({ message: task.describe(now) });
        await delay(pause);
        now = await (token.isCancellationRequested ? task.stop(now) : task.look(now));
      }
      return now;
    }),
  );
}

/** Verifies every part of what is at a path. */
export async function verify(client: SplitClient, path: string): Promise<void> {
  const result = await follow({
    title: vscode.l10n.t('Verifying {0}', path),
    begin: () => client.startVerification(path),
    look: ({ id }) => client.verification(id),
    stop: ({ id }) => client.stopVerification(id),
    describe: ({ checkedParts, parts, checkedBytes }) =>
      vscode.l10n.t(
        'Parts: {0} of {1}, {2}',
        formatCount(checkedParts),
        formatCount(parts),
        formatSize(checkedBytes),
      ),
  });
  const { checkedParts, damaged, missing, unreachable, lostFiles } = result;
  const trouble = damaged + missing + unreachable;
  const text =
    trouble === 0
      ? vscode.l10n.t('{0}: {1} verified, everything is in order.', path, countParts(checkedParts))
      : vscode.l10n.t(
          '{0}: {1} verified. Damaged: {2}, missing: {3}, on servers that are down: {4}. Files lost: {5}.',
          path,
          countParts(checkedParts),
          damaged,
          missing,
          unreachable,
          lostFiles,
        );
  tell(result.reason === undefined ? text : `${text} ${result.reason}`, trouble > 0);
}

/** Gives the files at a path the layout that new files get. */
export async function convert(client: SplitClient, path: string): Promise<void> {
  const { converted, unchanged, failed, failures, layout } = await follow({
    title: vscode.l10n.t('Converting {0}', path),
    begin: () => client.beginConversion(path),
    look: ({ id }) => client.conversion(id),
    stop: ({ id }) => client.stopConversion(id),
    describe: ({ files, bytes }) => `${countFiles(files)}, ${formatSize(bytes)}`,
  });
  const text = vscode.l10n.t(
    'Layout {0}: {1} converted, {2} had it already, {3} failed.',
    layout,
    countFiles(converted),
    unchanged,
    failed,
  );
  const [first] = failures;
  tell(first === undefined ? text : `${text} ${first.path}: ${first.reason}`, failed > 0);
}

function tell(text: string, isTrouble: boolean): void {
  // Not awaited: a message stays until it is closed.
  void (isTrouble ? vscode.window.showWarningMessage(text) : vscode.window.showInformationMessage(text));
}
