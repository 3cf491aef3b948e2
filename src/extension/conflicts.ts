import * as vscode from 'vscode';
import type { ConflictChoice } from '../client/transfer.ts';

/**
 * Asks before an existing file is replaced, until the answer holds for all. "No" leaves out that one file;
 * cancelling the question cancels the whole batch.
 */
export function conflictAsker(batch: AbortController): (path: string) => Promise<ConflictChoice> {
  let forAll: ConflictChoice | undefined;
  return async (path) => {
    if (forAll !== undefined) return forAll;
    const answer = await vscode.window.showWarningMessage(
      `"${path}" exists already. Replace it?`,
      { modal: true, detail: 'The new file takes its place once it has arrived whole.' },
      'Yes',
      'No',
      'Yes to All',
      'No to All',
    );
    if (answer === undefined) {
      batch.abort(new vscode.CancellationError());
      return 'skip';
    }
    const choice = answer.startsWith('Yes') ? 'overwrite' : 'skip';
    if (answer.endsWith('to All')) forAll = choice;
    return choice;
  };
}
