import * as vscode from 'vscode';
import type { HealthOfFiles } from './health/health-of-files.ts';
import { noTrouble, type PoolTrouble } from './health/pool-trouble.ts';
import type { Servers, ServersState } from './servers.ts';

interface Appearance {
  readonly icon: string;
  readonly summary: string;
  readonly details: readonly string[];
  readonly links: readonly (readonly [title: string, command: string])[];
}

/** What a state looks like. */
function appearance(state: ServersState, trouble: PoolTrouble): Appearance {
  const start = [`$(play) ${vscode.l10n.t('Start')}`, 'splitftp.startServers'] as const;
  const stop = [`$(debug-stop) ${vscode.l10n.t('Stop')}`, 'splitftp.stopServers'] as const;
  const restart = [`$(debug-restart) ${vscode.l10n.t('Restart')}`, 'splitftp.restartServers'] as const;
  const logs = [`$(output) ${vscode.l10n.t('Show Logs')}`, 'splitftp.showLogs'] as const;
  const show = [`$(server-process) ${vscode.l10n.t('Show Servers')}`, 'splitftp.servers.focus'] as const;
  const copy = [`$(copy) ${vscode.l10n.t('Copy FTP Address')}`, 'splitftp.copyAddress'] as const;
  switch (state.kind) {
    case 'stopped':
      return {
        icon: '$(circle-slash)',
        summary: vscode.l10n.t('The servers are stopped.'),
        details: [],
        links: [start, logs],
      };
    case 'starting':
      return {
        icon: '$(sync~spin)',
        summary: vscode.l10n.t('The servers are starting.'),
        details: [],
        links: [logs],
      };
    case 'stopping':
      return {
        icon: '$(sync~spin)',
        summary: vscode.l10n.t('The servers are stopping.'),
        details: [],
        links: [logs],
      };
    case 'failed':
      return {
        icon: '$(error)',
        summary: vscode.l10n.t('The servers failed.'),
        details: [state.message],
        links: [restart, logs],
      };
    case 'running': {
      const { coordinator, storageServers } = state.configuration;
      const servers =
        storageServers.length === 1
          ? vscode.l10n.t('1 storage server')
          : vscode.l10n.t('{0} storage servers', storageServers.length);
      return {
        icon: { error: '$(error)', warning: '$(warning)', none: '$(server-process)' }[trouble.severity],
        summary: state.startedHere
          ? vscode.l10n.t('The servers are running.')
          : vscode.l10n.t('Connected to servers that were started elsewhere.'),
        details: [
          vscode.l10n.t(
            '{0}, every file split over {1}',
            `ftp://${coordinator.host}:${coordinator.port}`,
            servers,
          ),
          ...trouble.details,
        ],
        links: state.startedHere ? [show, stop, restart, logs, copy] : [show, logs, copy],
      };
    }
  }
}

/** The actions that make sense in a state, for the item's click. */
export function actions(state: ServersState): readonly (readonly [title: string, command: string])[] {
  return appearance(state, noTrouble).links;
}

const colors = {
  error: 'statusBarItem.errorBackground',
  warning: 'statusBarItem.warningBackground',
  none: undefined,
} as const;

export function createStatusItem(
  servers: Servers,
  health: Pick<HealthOfFiles, 'onDidLook'>,
): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('splitftp.servers', vscode.StatusBarAlignment.Left);
  item.name = vscode.l10n.t('SplitFTP Servers');
  item.command = 'splitftp.showActions';
  let trouble: PoolTrouble = noTrouble;
  const render = () => {
    const { state } = servers;
    const { icon, summary, details, links } = appearance(state, trouble);
    const tooltip = new vscode.MarkdownString('', true);
    tooltip.isTrusted = { enabledCommands: links.map(([, command]) => command) };
    tooltip.appendMarkdown(`**SplitFTP**\n\n${summary}\n\n`);
    for (const detail of details) tooltip.appendText(detail).appendMarkdown('\n\n');
    tooltip.appendMarkdown(
      links.map(([title, command]) => `[${title}](command:${command})`).join(' &nbsp; '),
    );
    item.text = `${icon} SplitFTP`;
    const severity = state.kind === 'failed' ? 'error' : trouble.severity;
    const color = colors[severity];
    item.tooltip = tooltip;
    const label = ['SplitFTP:', summary, ...trouble.details].join(' ');
    item.accessibilityInformation = { label, role: 'button' };
    item.backgroundColor = color === undefined ? undefined : new vscode.ThemeColor(color);
    item.show();
  };
  render();
  return vscode.Disposable.from(
    item,
    servers.onDidChangeState(({ kind }) => {
      if (kind !== 'running') trouble = noTrouble;
      render();
    }),
    health.onDidLook((found) => {
      trouble = servers.state.kind === 'running' ? found : noTrouble;
      render();
    }),
  );
}
