import * as vscode from 'vscode';
import type { Parts } from './commands.ts';

export async function stopServers({ servers }: Parts): Promise<void> {
  const { state } = servers;
  if (state.kind === 'running' && !state.startedHere) {
    const { host, port } = state.configuration.coordinator;
    await vscode.window.showInformationMessage(
      `The servers at ${host}:${port} were started by another window or by "splitftp serve": stop them there.`,
    );
    return;
  }
  await servers.stop();
}
