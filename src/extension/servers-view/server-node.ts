/** How the coordinator, its storage servers and its upkeep look in the Servers view. */
import * as vscode from 'vscode';
import { formatFingerprint } from '../../config/fingerprint.ts';
import { isLocal } from '../../config/loopback.ts';
import type {
  CoordinatorReport,
  RebalanceReport,
  RepairReport,
  ScrubReport,
  StatusReport,
  StorageServerReport,
} from '../../site/reports.ts';
import { isUnreadable, partsToRebuild, reasonOf, troubleWithFiles } from '../health/pool-trouble.ts';
import type { ServersState } from '../servers.ts';
import { countFiles, countParts, formatCount, formatSize } from '../wording.ts';

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
  | { readonly kind: 'rebalance'; readonly report: RebalanceReport }
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
    ...(coordinator?.rebalance && coordinator.rebalance.state !== 'idle'
      ? [{ kind: 'rebalance', report: coordinator.rebalance } as const]
      : []),
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
    case 'rebalance':
      return rebalanceItem(node.report);
    case 'scrub':
      return scrubItem(node.report);
  }
}

function coordinatorItem({ address, startedHere, report }: ServerNode & { kind: 'coordinator' }) {
  const item = new vscode.TreeItem(vscode.l10n.t('Coordinator'));
  item.id = 'coordinator';
  item.contextValue = startedHere ? 'coordinator.ours' : 'coordinator.attached';
  const health = report?.health;
  const trouble = troubleWithFiles(health);
  item.iconPath =
    trouble.length === 0
      ? new vscode.ThemeIcon('server-process')
      : isUnreadable(health)
        ? new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'))
        : new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
  item.description = [
    ...(report ? [report.layout, countFiles(report.files), ...trouble, formatSize(report.bytes)] : []),
    address,
  ].join(', ');
  const journal = report?.journal;
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
    ...(journal !== undefined && journal.waiting > 0
      ? [
          vscode.l10n.t('Changes that too few storage servers know of: {0}', formatCount(journal.waiting)),
          ...(journal.reason === undefined ? [] : [journal.reason]),
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
    // What is wrong before what is only good to know: the end of a row is cut off first.
    ...(report.missing === 0 ? [] : [vscode.l10n.t('{0} missing', formatCount(report.missing))]),
    ...(report.errors === 0 ? [] : [vscode.l10n.t('errors: {0}', formatCount(report.errors))]),
    formatSize(report.bytes),
    ...(report.free === undefined ? [] : [vscode.l10n.t('{0} free', formatSize(report.free))]),
    address,
  ].join(', ');
  const reason = reasonOf(report);
  item.tooltip = [
    item.description,
    ...(reason === undefined ? [] : [reason]),
    ...(report.domain === undefined ? [] : [vscode.l10n.t('Failure domain: {0}', report.domain)]),
    ...(report.can.length === 0 ? [] : [vscode.l10n.t('It can: {0}', report.can.join(', '))]),
    ...(report.connections === undefined
      ? []
      : [vscode.l10n.t('Connections at most: {0}', report.connections)]),
  ].join('\n');
  return labelled(item, reason);
}

function repairItem(report: RepairReport): vscode.TreeItem {
  const left = partsToRebuild(report);
  const done =
    report.repairedParts === 0 ? [] : [vscode.l10n.t('{0} rebuilt', countParts(report.repairedParts))];
  return upkeepItem('repair', vscode.l10n.t('Repair'), report, 'tools', [
    ...(report.parts === 0 && report.state === 'idle' ? [vscode.l10n.t('nothing to do')] : [left]),
    ...waiting(report),
    ...done,
  ]);
}

function rebalanceItem(report: RebalanceReport): vscode.TreeItem {
  return upkeepItem('rebalance', vscode.l10n.t('Rebalance'), report, 'clock', [
    vscode.l10n.t('{0} of {1}', formatCount(report.checkedSegments), formatCount(report.segments)),
    vscode.l10n.t('{0} moved ({1})', countParts(report.movedParts), formatSize(report.movedBytes)),
    ...waiting(report),
  ]);
}

/** That upkeep waits, and for what. */
function waiting({ state, reason }: Pick<RepairReport, 'state' | 'reason'>): string[] {
  if (state !== 'waiting') return [];
  return [reason === undefined ? vscode.l10n.t('waiting') : `${vscode.l10n.t('waiting')}: ${reason}`];
}

function scrubItem(report: ScrubReport): vscode.TreeItem {
  const item = upkeepItem('scrub', vscode.l10n.t('Scrub'), report, 'verified', [
    vscode.l10n.t('{0} of {1} verified', formatCount(report.verifiedParts), formatCount(report.parts)),
    ...(report.found === 0
      ? []
      : [vscode.l10n.t('damaged or missing parts found: {0}', formatCount(report.found))]),
  ]);
  item.tooltip =
    report.periodDays === 1
      ? vscode.l10n.t('Each part is verified once a day.')
      : vscode.l10n.t('Each part is verified once in {0} days.', report.periodDays);
  return item;
}

/** @param icon while it is not running */
function upkeepItem(
  id: string,
  label: string,
  { state }: Pick<ScrubReport, 'state'> | Pick<RepairReport, 'state'>,
  icon: string,
  description: readonly string[],
): vscode.TreeItem {
  const item = new vscode.TreeItem(label);
  item.id = id;
  item.contextValue = id;
  item.iconPath = new vscode.ThemeIcon(state === 'running' ? 'sync~spin' : icon);
  item.description = description.join(', ');
  return labelled(item);
}

function labelled(item: vscode.TreeItem, reason?: string): vscode.TreeItem {
  const label = [item.label, item.description, reason].filter((each) => each !== undefined).join(', ');
  item.accessibilityInformation = { label };
  return item;
}
