/** How quickly transfers move, and how long the rest of them takes. No part of VS Code is needed here. */

export interface Pace {
  /** Bytes a second, lately. */
  readonly bytes: number;
  /** Files a second that have been settled, lately. */
  readonly files: number;
  /** The most bytes a second so far. */
  readonly bestBytes: number;
}

export interface Rest {
  readonly bytes: number;
  readonly files: number;
}

/** Files with fewer bytes than this take their time one by one, whatever is in them. */
const smallFile = 1024 ** 2;
/** Fewer files a second say nothing: one more or less would be another speed. */
const fewest = 2;

/** Whether files a second tell more than bytes a second. */
export function movesSmallFiles({ bytes, files }: Pace): boolean {
  return files >= fewest && bytes / files < smallFile;
}

/**
 * A file takes a time of its own, and each of its bytes one: how much of the time went into which is told by how quick
 * bytes were when they were quickest. Files as large as those before take as long as those did, whatever that was.
 * @returns seconds; undefined where nothing moves
 */
export function secondsLeft(rest: Rest, pace: Pace): number | undefined {
  if (pace.files < fewest) return pace.bytes > 0 ? rest.bytes / pace.bytes : undefined;
  // So many times larger are the files to come than those before. How quick larger ones are nobody knows who has seen
  // none: at least as quick as these bytes, at most as quick as these files, so the middle is taken (of the ratio).
  const larger = rest.files * pace.bytes > 0 ? (rest.bytes * pace.files) / (rest.files * pace.bytes) : 1;
  const best = Math.max(pace.bestBytes, pace.bytes * Math.sqrt(Math.max(1, larger)));
  const share = best > 0 ? pace.bytes / best : 0;
  return (rest.files * (1 - share)) / pace.files + (best > 0 ? rest.bytes / best : 0);
}
