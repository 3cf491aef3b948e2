/** What is wrong with the pool as a whole, in words for a person. */
import { l10n } from 'vscode';
import type { HealthReport, StatusReport, StorageServerReport } from '../../site/reports.ts';
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

export interface PoolTrouble {
  /** `error`: files cannot be read. `warning`: a storage server needs somebody. */
  readonly severity: 'error' | 'warning' | 'none';
  /** A sentence each. */
  readonly details: readonly string[];
}

/** What somebody should know who does not look at the servers. */
export function troubleOf(reports: readonly StatusReport[]): PoolTrouble {
  const coordinator = reports.find((report) => report.kind === 'coordinator');
  const servers = reports.filter((report) => report.kind === 'storage server').flatMap(troubleWithServer);
  const { health, repair } = coordinator ?? {};
  const files = troubleWithFiles(health);
  const unreadable = health === undefined ? 0 : health.lost + health.unavailable;
  return {
    severity: unreadable > 0 ? 'error' : servers.length > 0 ? 'warning' : 'none',
    details: [
      ...servers,
      ...(files.length === 0 ? [] : [l10n.t('Files: {0}.', files.join(', '))]),
      ...(repair === undefined || repair.parts === 0
        ? []
        : [l10n.t('Repair: {0} to rebuild ({1}).', countParts(repair.parts), formatSize(repair.bytes))]),
    ],
  };
}

function troubleWithServer({ number, state, reason }: StorageServerReport): string[] {
  const why = reason === undefined ? '' : ` ${reason}`;
  switch (state) {
    case 'down':
      return [l10n.t('Storage server {0} is down.', number) + why];
    case 'strange':
      return [l10n.t('Storage server {0} is another one than before.', number) + why];
    case 'full':
      return [l10n.t('Storage server {0} is full.', number)];
    default:
      return [];
  }
}
