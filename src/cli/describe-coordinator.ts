import { formatFingerprint } from '../config/fingerprint.ts';
import type {
  CoordinatorReport,
  HealthReport,
  RebalanceReport,
  RepairReport,
  ScrubReport,
} from '../site/reports.ts';
import { formatBytes, plural } from './format.ts';

/** A coordinator's report in lines for a person; what is as it should be takes no line. */
export function describeCoordinator(report: CoordinatorReport): string[] {
  const { version, layout, files, folders, bytes, partialUploads, partialBytes, garbage, tls } = report;
  const content = `${plural(files, 'file')} in ${plural(folders, 'folder')}, ${formatBytes(bytes)}`;
  const partial =
    partialUploads === 0
      ? ''
      : `, ${plural(partialUploads, 'interrupted upload')} of ${formatBytes(partialBytes)}`;
  const waiting = garbage === 0 ? '' : `, ${plural(garbage, 'segment')} to be removed`;
  const { health, repair, scrub, rebalance, journal } = report;
  return [
    `SplitFTP ${version}, layout ${layout}: ${content}${partial}${waiting}`,
    ...(tls ? [`TLS ${tls.mode}, SHA-256 ${formatFingerprint(tls.fingerprint)}`] : []),
    ...(health && files > 0 ? [describeHealth(health)] : []),
    ...(repair ? describeRepair(repair) : []),
    ...(scrub && scrub.parts > 0 ? [describeScrub(scrub)] : []),
    ...(rebalance ? describeRebalance(rebalance) : []),
    ...(journal && journal.waiting > 0 ? [describeJournal(journal)] : []),
  ];
}

function describeJournal({ waiting, copies, reason }: NonNullable<CoordinatorReport['journal']>): string {
  const changes = `${plural(waiting, 'change')} not yet on ${plural(copies, 'storage server')}`;
  return `Journal: ${changes}${reason === undefined ? '' : `: ${reason}`}`;
}

function describeHealth({ whole, degraded, unavailable, lost }: HealthReport): string {
  if (degraded + unavailable + lost === 0) return 'Health: every file is whole';
  const counts = [
    ...(whole > 0 ? [`${plural(whole, 'file')} whole`] : []),
    ...(degraded > 0 ? [`${degraded} degraded`] : []),
    ...(unavailable > 0 ? [`${unavailable} not readable until servers are back`] : []),
    ...(lost > 0 ? [`${lost} lost`] : []),
  ];
  return `Health: ${counts.join(', ')}`;
}

export function describeRepair({ state, parts, bytes, repairedParts, reason }: RepairReport): string[] {
  const done = repairedParts === 0 ? '' : `, ${plural(repairedParts, 'part')} repaired since the start`;
  if (state === 'idle') return done === '' ? [] : [`Repair: nothing to do${done}`];
  const why = state === 'waiting' && reason !== undefined ? ` (${reason})` : '';
  return [`Repair ${state}: ${plural(parts, 'part')} to go, ${formatBytes(bytes)}${done}${why}`];
}

function describeScrub({ parts, verifiedParts, periodDays, found }: ScrubReport): string {
  const percent = Math.floor((verifiedParts / parts) * 100);
  const findings = found === 0 ? '' : `, ${found} found damaged or missing since the start`;
  return `Scrub: ${percent} % of ${plural(parts, 'part')} verified in the last ${periodDays} days${findings}`;
}

export function describeRebalance(report: RebalanceReport): string[] {
  const { state, segments, checkedSegments, movedParts, movedBytes, reason } = report;
  if (state === 'idle' && movedParts === 0 && reason === undefined) return [];
  const moved = `${plural(movedParts, 'part')} moved, ${formatBytes(movedBytes)}`;
  if (state === 'idle') return [`Moving: ${moved}${reason === undefined ? '' : ` (${reason})`}`];
  return [`Rebalance ${state}: ${checkedSegments} of ${plural(segments, 'segment')} looked at, ${moved}`];
}
