import * as vscode from 'vscode';
import type { ConflictChoice } from '../client/transfer.ts';

interface Answer {
  readonly title: string;
  readonly choice: ConflictChoice;
  readonly forAll: boolean;
}

/**
 * Asks before an existing file is replaced, until the answer holds for all. "No" leaves out that one file;
 * cancelling the question cancels the whole batch.
 */
export function conflictAsker(batch: AbortController): (path: string) => Promise<ConflictChoice> {
  const answers: readonly Answer[] = [
    { title: vscode.l10n.t('Yes'), choice: 'overwrite', forAll: false },
    { title: vscode.l10n.t('No'), choice: 'skip', forAll: false },
    { title: vscode.l10n.t('Yes to All'), choice: 'overwrite', forAll: true },
    { title: vscode.l10n.t('No to All'), choice: 'skip', forAll: true },
  ];
  let forAll: ConflictChoice | undefined;
  return async (path) => {
    if (forAll !== undefined) return forAll;
    const answer = await vscode.window.showWarningMessage(
      vscode.l10n.t('"{0}" exists already. Replace it?', path),
      { modal: true, detail: vscode.l10n.t('The new file takes its place once it has arrived whole.') },
      ...answers.map(({ title }) => title),
    );
    if (answer === undefined) {
      batch.abort(new vscode.CancellationError());
      return 'skip';
    }
    const chosen = answers.find(({ title }) => title === answer);
    const choice = chosen?.choice ?? 'skip';
    if (chosen?.forAll) forAll = choice;
    return choice;
  };
}
