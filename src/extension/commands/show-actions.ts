import * as vscode from 'vscode';
import { actions } from '../status-item.ts';
import type { Parts } from './commands.ts';

/** The click on the status item: what can be done in this state. */
export async function showActions({ servers }: Parts): Promise<void> {
  const items = actions(servers.state).map(([label, command]) => ({ label, command }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: 'SplitFTP',
    placeHolder: vscode.l10n.t('Choose an action'),
  });
  if (chosen !== undefined) await vscode.commands.executeCommand(chosen.command);
}
