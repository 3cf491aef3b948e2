import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import type { TakenPort } from '../servers/start-error.ts';
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
  { message, origin, taken }: ServersState & { kind: 'failed' },
): Promise<void> {
  const noneFound = (error: Error): undefined => {
    log.error(error); // The failure is told all the same.
  };
  const remedyFor = async (port: TakenPort) => {
    const { otherPort } = await import('./other-port.ts');
    return otherPort(servers, origin, port);
  };
  const remedy = taken && (await remedyFor(taken).catch(noneFound));
  const first = remedy ?? {
    message,
    title: vscode.l10n.t('Restart'),
    run: () => servers.restart(),
  };
  const [logs, open] = [
    vscode.l10n.t('Show Logs'),
    origin.kind === 'env' ? vscode.l10n.t('Open .env') : vscode.l10n.t('Open Settings'),
  ];
  const answer = await vscode.window.showErrorMessage(`SplitFTP: ${first.message}`, first.title, logs, open);
  if (answer === first.title) await first.run();
  if (answer === logs) log.show();
  if (answer !== open) return;
  if (origin.kind === 'env') await vscode.window.showTextDocument(origin.uri);
  else await vscode.commands.executeCommand('workbench.action.openSettings', 'splitftp');
}

/** Tells when servers of another window are of another version, as they are after an update until that is reloaded. */
export function noticeVersions(
  servers: Servers,
  version: string,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  return servers.onDidChangeState((state) => {
    if (state.kind !== 'running' || state.startedHere) return;
    // Whoever runs a coordinator elsewhere has another version for a reason.
    if (state.configuration.storageServers.length === 0) return;
    tellVersion(servers, version, log).then(undefined, (error: Error) => log.error(error));
  });
}

async function tellVersion(servers: Servers, version: string, log: vscode.LogOutputChannel): Promise<void> {
  const reports = await (await servers.client()).status();
  const other = reports.find((report) => report.kind === 'coordinator' && report.version !== version);
  if (other?.kind !== 'coordinator') return;
  const message = vscode.l10n.t(
    'The servers are of SplitFTP {0}, and this window has {1}. They can be used; reload the window that started them to update them.',
    other.version,
    version,
  );
  log.info(message);
  await vscode.window.showInformationMessage(message);
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
  const question = vscode.l10n.t(
    'The configuration of SplitFTP has changed ({0}). Restart the servers with it?',
    configuration.source,
  );
  const restart = vscode.l10n.t('Restart');
  const answer = await vscode.window.showInformationMessage(question, restart, vscode.l10n.t('Later'));
  if (answer === restart) await servers.restart();
}
