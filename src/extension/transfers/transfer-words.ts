import { l10n } from 'vscode';
import { countFiles, formatCount, formatSize, formatSpeed } from '../wording.ts';
import { movesSmallFiles, type Pace, secondsLeft } from './pace.ts';

/** Seconds in words, rounded as a person would. */
export function formatDuration(seconds: number): string {
  if (seconds < 59.5) return l10n.t('{0} s', Math.max(1, Math.round(seconds)));
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return l10n.t('{0} min', minutes);
  const hours = Math.floor(minutes / 60);
  // Whoever waits for a day does not count minutes.
  if (hours >= 24) return l10n.t('{0} h', formatCount(hours));
  return l10n.t('{0} h {1} min', hours, minutes % 60);
}

export interface Movement {
  readonly bytes: number;
  readonly bytesDone: number;
  /** How many files are still to be transferred; absent while that is not known. */
  readonly filesLeft?: number;
  /** How many of the files have arrived, in words. */
  readonly count?: string;
  /** Absent while nothing moves. */
  readonly pace?: Pace;
}

/**
 * `2 min left, 45 MB/s, 1.2 GB of 8 GB`; where files are small `5 min left, 38 files/s, 12 MB of 80 MB`. What people look
 * for first comes first, since a narrow row is cut off at its end.
 */
export function describeMovement({ bytes, bytesDone, filesLeft, count, pace }: Movement): string {
  const amounts = [
    ...(count === undefined ? [] : [count]),
    l10n.t('{0} of {1}', formatSize(bytesDone), formatSize(bytes)),
  ];
  if (pace === undefined) return amounts.join(', ');
  const parts: string[] = [];
  const rest = { bytes: bytes - bytesDone, files: filesLeft ?? 0 };
  const seconds = filesLeft === undefined ? undefined : secondsLeft(rest, pace);
  if (seconds !== undefined && seconds > 0) parts.push(l10n.t('{0} left', formatDuration(seconds)));
  if (movesSmallFiles(pace)) parts.push(l10n.t('{0} files/s', formatSpeed(pace.files)));
  else if (pace.bytes > 0) parts.push(l10n.t('{0}/s', formatSize(pace.bytes)));
  return [...parts, ...amounts].join(', ');
}

/** `312 of 20,000 files` */
export function describeCount(done: number, total: number, counting: boolean): string {
  if (counting && done === 0) return l10n.t('{0}, still counting', countFiles(total));
  if (counting) return l10n.t('{0} of {1}, still counting', formatCount(done), countFiles(total));
  return done === total ? countFiles(total) : l10n.t('{0} of {1}', formatCount(done), countFiles(total));
}
