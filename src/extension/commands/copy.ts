import * as vscode from 'vscode';
import { addressOf } from '../ftp-address.ts';
import { entriesOf } from './arguments.ts';
import type { Parts } from './commands.ts';

/** For any FTP client; the password is copied apart, so that it does not end in a history by accident. */
export async function copyAddress({ servers }: Parts): Promise<void> {
  const address = addressOf(runningCoordinator(servers.state));
  await vscode.env.clipboard.writeText(address);
  vscode.window.setStatusBarMessage(`$(copy) ${vscode.l10n.t('Copied {0}', address)}`, 5000);
}

export async function copyPassword({ servers }: Parts): Promise<void> {
  await vscode.env.clipboard.writeText(runningCoordinator(servers.state).account.password);
  vscode.window.setStatusBarMessage(`$(copy) ${vscode.l10n.t('Copied the FTP password')}`, 5000);
}

export async function copyPath({ tree }: Parts, clicked: unknown, selection: unknown): Promise<void> {
  const paths = entriesOf(clicked, selection, tree).map(({ path }) => path);
  await vscode.env.clipboard.writeText(paths.join('\n'));
}

function runningCoordinator(state: Parts['servers']['state']) {
  if (state.kind !== 'running')
    throw new Error(vscode.l10n.t('The servers are not running: start them first.'));
  return state.configuration.coordinator;
}
