/** How the coordinator, its storage servers and its upkeep look in the Servers view. */
import * as vscode from 'vscode';
import { formatFingerprint } from '../../config/fingerprint.ts';
import { isLocal } from '../../config/loopback.ts';
import type {
  CoordinatorReport,
  RepairReport,
  ScrubReport,
  StatusReport,
  StorageServerReport,
} from '../../site/reports.ts';
import type { ServersState } from '../servers.ts';
import { countFiles, countParts, formatSize } from '../wording.ts';

type Running = ServersState & { readonly kind: 'running' };

export type ServerNode =
  | {
      readonly kind: 'coordinator';
      readonly address: string;
      readonly startedHere: boolean;
      readonly report?: CoordinatorReport;
    }
  | {
      readonly kind: 'storage';
      readonly number: number;
      readonly address: string;
      /** A process of this window. */
      readonly isOurs: boolean;
      readonly report?: StorageServerReport;
    }
  | { readonly kind: 'repair'; readonly report: RepairReport }
  | { readonly kind: 'scrub'; readonly report: ScrubReport };

export function nodesOf(state: Running, reports: readonly StatusReport[]): ServerNode[] {
  const { configuration, startedHere } = state;
  const { host, port } = configuration.coordinator;
  const coordinator = reports.find((report) => report.kind === 'coordinator');
  const known = reports.filter((report) => report.kind === 'storage server');
  // Until the coordinator has answered, those of the configuration.
  const configured = configuration.storageServers.map(({ number, host: name, port: at }) => ({
    number,
    address: `${name}:${at}`,
  }));
  const storage = (known.length > 0 ? known : configured).map(({ number, address }): ServerNode => {
    const report = known.find((one) => one.number === number);
    const server = configuration.storageServers.find((one) => one.number === number);
    const isOurs = startedHere && server !== undefined && isLocal(server);
    return { kind: 'storage', number, address, isOurs, ...(report && { report }) };
  });
  return [
    {
      kind: 'coordinator',
      address: `${host}:${port}`,
      startedHere,
      ...(coordinator && { report: coordinator }),
    },
    ...storage,
    ...(coordinator?.repair ? [{ kind: 'repair', report: coordinator.repair } as const] : []),
    ...(coordinator?.scrub ? [{ kind: 'scrub', report: coordinator.scrub } as const] : []),
  ];
}

export function itemOf(node: ServerNode): vscode.TreeItem {
  switch (node.kind) {
    case 'coordinator':
      return coordinatorItem(node);
    case 'storage':
      return storageItem(node);
    case 'repair':
      return repairItem(node.report);
    case 'scrub':
      return scrubItem(node.report);
  }
}

function coordinatorItem({ address, startedHere, report }: ServerNode & { kind: 'coordinator' }) {
  const item = new vscode.TreeItem(vscode.l10n.t('Coordinator'));
  item.id = 'coordinator';
  item.contextValue = startedHere ? 'coordinator.ours' : 'coordinator.attached';
  item.iconPath = new vscode.ThemeIcon('server-process');
  item.description = [
    ...(report ? [report.layout, countFiles(report.files), formatSize(report.bytes)] : []),
    address,
  ].join(', ');
  const health = report?.health;
  item.tooltip = [
    startedHere
      ? vscode.l10n.t('Started by this window.')
      : vscode.l10n.t('Started by another window, by "splitftp serve" or on another machine.'),
    ...(report ? [vscode.l10n.t('Layout {0}, version {1}', report.layout, report.version)] : []),
    ...(health
      ? [
          vscode.l10n.t(
            'Files: {0} whole, {1} degraded, {2} not readable now, {3} lost',
            health.whole,
            health.degraded,
            health.unavailable,
            health.lost,
          ),
        ]
      : []),
    ...(report?.tls ? [vscode.l10n.t('TLS: {0}', formatFingerprint(report.tls.fingerprint))] : []),
  ].join('\n');
  return labelled(item);
}

const stateIcons = {
  up: ['pass', 'testing.iconPassed'],
  full: ['warning', 'list.warningForeground'],
  draining: ['sync', 'list.warningForeground'],
  drained: ['circle-slash', undefined],
  strange: ['error', 'list.errorForeground'],
  down: ['error', 'list.errorForeground'],
} as const;

export function stateWords(state: StorageServerReport['state']): string {
  switch (state) {
    case 'up':
      return vscode.l10n.t('up');
    case 'full':
      return vscode.l10n.t('full');
    case 'draining':
      return vscode.l10n.t('is being drained');
    case 'drained':
      return vscode.l10n.t('drained, can be removed');
    case 'strange':
      return vscode.l10n.t('another server than before');
    case 'down':
      return vscode.l10n.t('down');
  }
}

function storageItem({ number, address, isOurs, report }: ServerNode & { kind: 'storage' }) {
  const item = new vscode.TreeItem(vscode.l10n.t('Storage server {0}', number));
  item.id = `storage ${number}`;
  item.contextValue = ['storage', isOurs ? 'ours' : 'foreign', report?.state ?? 'unknown'].join('.');
  if (report === undefined) {
    item.iconPath = new vscode.ThemeIcon('loading~spin');
    item.description = address;
    return labelled(item);
  }
  const [icon, color] = stateIcons[report.state];
  item.iconPath = new vscode.ThemeIcon(icon, color === undefined ? undefined : new vscode.ThemeColor(color));
  item.description = [
    stateWords(report.state),
    countParts(report.parts),
    formatSize(report.bytes),
    ...(report.free === undefined ? [] : [vscode.l10n.t('{0} free', formatSize(report.free))]),
    ...(report.missing === 0 ? [] : [vscode.l10n.t('{0} missing', report.missing.toLocaleString())]),
    ...(report.errors === 0 ? [] : [vscode.l10n.t('{0} errors', report.errors.toLocaleString())]),
    address,
  ].join(', ');
  item.tooltip = [
    `${address}: ${stateWords(report.state)}`,
    ...(report.reason === undefined ? [] : [report.reason]),
    ...(report.domain === undefined ? [] : [vscode.l10n.t('Failure domain: {0}', report.domain)]),
    ...(report.can.length === 0 ? [] : [vscode.l10n.t('It can: {0}', report.can.join(', '))]),
    ...(report.connections === undefined
      ? []
      : [vscode.l10n.t('Connections at most: {0}', report.connections)]),
  ].join('\n');
  return labelled(item);
}

function repairItem(report: RepairReport) {
  const item = new vscode.TreeItem(vscode.l10n.t('Repair'));
  item.id = 'repair';
  item.contextValue = 'repair';
  item.iconPath = new vscode.ThemeIcon(report.state === 'running' ? 'sync~spin' : 'tools');
  const left = vscode.l10n.t('{0} to rebuild ({1})', countParts(report.parts), formatSize(report.bytes));
  const done = vscode.l10n.t('{0} rebuilt', report.repairedParts);
  item.description =
    report.parts === 0 && report.state === 'idle'
      ? [vscode.l10n.t('nothing to do'), ...(report.repairedParts === 0 ? [] : [done])].join(', ')
      : [left, done].join(', ');
  if (report.reason !== undefined) item.tooltip = report.reason;
  return labelled(item);
}

function scrubItem(report: ScrubReport) {
  const item = new vscode.TreeItem(vscode.l10n.t('Scrub'));
  item.id = 'scrub';
  item.contextValue = 'scrub';
  item.iconPath = new vscode.ThemeIcon(report.state === 'running' ? 'sync~spin' : 'verified');
  item.description = [
    vscode.l10n.t('{0} of {1} parts verified', report.verifiedParts, report.parts),
    ...(report.found === 0 ? [] : [vscode.l10n.t('{0} damaged parts found', report.found)]),
  ].join(', ');
  item.tooltip = vscode.l10n.t('Each part is verified once in {0} days.', report.periodDays);
  return labelled(item);
}

function labelled(item: vscode.TreeItem): vscode.TreeItem {
  item.accessibilityInformation = { label: `${String(item.label)}, ${String(item.description ?? '')}` };
  return item;
}
