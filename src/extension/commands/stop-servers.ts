import * as vscode from 'vscode';
import type { Parts } from './commands.ts';

export async function stopServers({ servers }: Parts): Promise<void> {
  const { state } = servers;
  if (state.kind === 'running' && !state.startedHere) {
    const { host, port } = state.configuration.coordinator;
    await vscode.window.showInformationMessage(
      vscode.l10n.t(
        'The servers at {0} were started by another window or by "splitftp serve": stop them there.',
        `${host}:${port}`,
      ),
    );
    return;
  }
  await servers.stop();
}
