import { l10n } from 'vscode';
import { countFiles, formatSize } from '../wording.ts';

/** Seconds in words, rounded as a person would. */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return l10n.t('{0} s', Math.max(1, Math.round(seconds)));
  if (seconds < 3600) return l10n.t('{0} min', Math.round(seconds / 60));
  return l10n.t('{0} h {1} min', Math.floor(seconds / 3600), Math.round((seconds % 3600) / 60));
}

export interface Movement {
  readonly bytes: number;
  readonly bytesDone: number;
  /** Bytes a second; 0 while that is not known. */
  readonly speed: number;
}

/** `1.2 GB of 8 GB, 45 MB/s, 2 min left` */
export function describeMovement({ bytes, bytesDone, speed }: Movement): string {
  const parts = [l10n.t('{0} of {1}', formatSize(bytesDone), formatSize(bytes))];
  if (speed > 0) {
    parts.push(l10n.t('{0}/s', formatSize(speed)));
    if (bytes > bytesDone) parts.push(l10n.t('{0} left', formatDuration((bytes - bytesDone) / speed)));
  }
  return parts.join(', ');
}

/** `312 of 20,000 files` */
export function describeCount(done: number, total: number, counting: boolean): string {
  if (counting && done === 0) return l10n.t('{0}, still counting', countFiles(total));
  if (counting) return l10n.t('{0} of {1}, still counting', done.toLocaleString(), countFiles(total));
  return done === total ? countFiles(total) : l10n.t('{0} of {1}', done.toLocaleString(), countFiles(total));
}
