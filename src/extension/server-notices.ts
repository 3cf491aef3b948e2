import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import type { ConfigurationFinder } from './configuration.ts';
import type { Servers, ServersState } from './servers.ts';

/** Tells when the servers failed, and what a person can do about it. */
export function noticeFailures(servers: Servers, log: vscode.LogOutputChannel): vscode.Disposable {
  return servers.onDidChangeState((state) => {
    if (state.kind !== 'failed') return;
    log.error(state.message);
    tell(servers, log, state).then(undefined, (error: Error) => log.error(error));
  });
}

async function tell(
  servers: Servers,
  log: vscode.LogOutputChannel,
  { message, origin }: ServersState & { kind: 'failed' },
): Promise<void> {
  const open = origin.kind === 'env' ? 'Open .env' : 'Open Settings';
  const answer = await vscode.window.showErrorMessage(`SplitFTP: ${message}`, 'Restart', 'Show Logs', open);
  if (answer === 'Restart') await servers.restart();
  if (answer === 'Show Logs') log.show();
  if (answer !== open) return;
  if (origin.kind === 'env') await vscode.window.showTextDocument(origin.uri);
  else await vscode.commands.executeCommand('workbench.action.openSettings', 'splitftp');
}

/** Offers a restart when the configuration is no longer the one that the servers run with. */
export function noticeChanges(
  servers: Servers,
  finder: ConfigurationFinder,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  return finder.onMayHaveChanged(() => {
    offerRestart(servers, finder).then(undefined, (error: Error) => log.error(error));
  });
}

async function offerRestart(servers: Servers, finder: ConfigurationFinder): Promise<void> {
  const { state } = servers;
  // After a failure the change is most likely the remedy.
  if (state.kind === 'failed') return servers.start();
  if (state.kind !== 'running') return;
  const configuration = await finder.load(await finder.origin());
  if (isDeepStrictEqual(configuration, state.configuration)) return;
  const question = `SplitFTP's configuration has changed (${configuration.source}). Restart the servers with it?`;
  const answer = await vscode.window.showInformationMessage(question, 'Restart', 'Later');
  if (answer === 'Restart') await servers.restart();
}
