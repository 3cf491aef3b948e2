/**
 * Places at which the coordinator can be made to end as by a power failure, so that tests can show what is left then.
 * `SPLITFTP_CRASH_POINT=name` ends it the first time it comes by that point, `name:3` the third time.
 */
export const crashPoints = [
  // In every transaction of the catalogue.
  'transaction.begun',
  'transaction.worked',
  'transaction.committed',
  // Start.
  'start.unfinished-abandoned',
  'start.listening',
  // Uploads.
  'upload.connected',
  'upload.intent-recorded',
  'upload.stripe-written',
  'upload.segment-finished',
  'upload.before-commit',
  'upload.committed',
  'upload.cut-off',
  'upload.suspended',
  'upload.abandoned',
  'part.stored',
  'part.verified',
  'part.named',
  // Names.
  'remove.before',
  'remove.done',
  'rename.before',
  'rename.done',
  'folder.made',
  'folder.removed',
  'time.set',
  // Downloads.
  'download.opened',
  // Removing old parts.
  'collect.listed',
  'collect.removing',
  'collect.removed',
  'collect.forgotten',
  // The journal on the storage servers.
  'journal.shipping',
  'journal.written',
  'journal.shipped',
  // Upkeep.
  'repair.begun',
  'repair.stripe-written',
  'repair.rebuilt',
  'repair.recorded',
  'move.begun',
  'move.copied',
  'move.recorded',
] as const;
export type CrashPoint = (typeof crashPoints)[number];

const [chosen, reach = '1'] = (process.env.SPLITFTP_CRASH_POINT ?? '').split(':');
let left = Number(reach);

/** Does nothing unless the environment names this point; then the process is killed, without any farewell. */
export function crashPoint(name: CrashPoint): void {
  if (chosen !== name) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}
