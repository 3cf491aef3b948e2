/** What is wrong with the pool as a whole, in words for a person. */
import { l10n } from 'vscode';
import type { HealthReport, RepairReport, StatusReport, StorageServerReport } from '../../site/reports.ts';
import { countParts, formatCount, formatSize } from '../wording.ts';

/** Of the files, the worst first; nothing where all are whole. */
export function troubleWithFiles(health: HealthReport | undefined): string[] {
  if (health === undefined) return [];
  const { lost, unavailable, degraded } = health;
  return [
    ...(lost > 0 ? [l10n.t('lost: {0}', formatCount(lost))] : []),
    ...(unavailable > 0 ? [l10n.t('not readable now: {0}', formatCount(unavailable))] : []),
    ...(degraded > 0 ? [l10n.t('degraded: {0}', formatCount(degraded))] : []),
  ];
}

/** Whether files cannot be read, now or ever. */
export function isUnreadable(health: HealthReport | undefined): boolean {
  return health !== undefined && health.lost + health.unavailable > 0;
}

export function partsToRebuild({ parts, bytes }: Pick<RepairReport, 'parts' | 'bytes'>): string {
  // Of parts that were never written nobody knows how large they will be.
  if (bytes === 0) return l10n.t('{0} to rebuild', countParts(parts));
  return l10n.t('{0} to rebuild ({1})', countParts(parts), formatSize(bytes));
}

/** Why a storage server is in its state, without what is said beside it: which one it is, and that it is down. */
export function reasonOf({ reason }: Pick<StorageServerReport, 'reason'>): string | undefined {
  return reason?.replace(/^storage server \d+ \([^)]*\) (?:is down: )?/, '');
}

export interface PoolTrouble {
  /** `error`: files cannot be read. `warning`: a storage server needs somebody. */
  readonly severity: 'error' | 'warning' | 'none';
  /** A sentence each. */
  readonly details: readonly string[];
}

export const noTrouble: PoolTrouble = { severity: 'none', details: [] };

/** What somebody should know who does not look at the servers. */
export function troubleOf(reports: readonly StatusReport[]): PoolTrouble {
  const coordinator = reports.find((report) => report.kind === 'coordinator');
  const servers = reports.filter((report) => report.kind === 'storage server').flatMap(troubleWithServer);
  const { health, repair } = coordinator ?? {};
  const files = troubleWithFiles(health);
  return {
    severity: isUnreadable(health) ? 'error' : servers.length > 0 ? 'warning' : 'none',
    details: [
      ...servers,
      ...(files.length === 0 ? [] : [l10n.t('Files: {0}.', files.join(', '))]),
      ...(repair === undefined || repair.parts === 0 ? [] : [l10n.t('Repair: {0}.', partsToRebuild(repair))]),
    ],
  };
}

function troubleWithServer(report: StorageServerReport): string[] {
  const { number, state } = report;
  const reason = reasonOf(report);
  const because = (text: string) => [reason === undefined ? `${text}.` : `${text}: ${reason}`];
  switch (state) {
    case 'down':
      return because(l10n.t('Storage server {0} is down', number));
    case 'strange':
      return because(l10n.t('Storage server {0} is another one than before', number));
    case 'full':
      return because(l10n.t('Storage server {0} is full', number));
    default:
      return [];
  }
}
