import { type FileState, fileStates, isUnfinished, type QueuedFile } from './records.ts';

const leftOut: ReadonlySet<FileState> = new Set(['skipped', 'failed', 'canceled']);
/** Nothing of it is to be transferred, unless somebody tries it again. */
const isLeftOut = (state: FileState): boolean => leftOut.has(state);

/** Sums over the files of one batch, kept up to date file by file. */
export class BatchTotals {
  readonly #counts = new Map<FileState, number>();
  #bytes = 0;
  #bytesDone = 0;

  add(file: QueuedFile): void {
    this.#change(file, 1);
  }

  remove(file: QueuedFile): void {
    this.#change(file, -1);
  }

  count(state: FileState): number {
    return this.#counts.get(state) ?? 0;
  }

  get files(): number {
    return fileStates.reduce((sum, state) => sum + this.count(state), 0);
  }

  get unfinished(): number {
    return fileStates.filter(isUnfinished).reduce((sum, state) => sum + this.count(state), 0);
  }

  /** Of the files that were, or are to be, transferred. */
  get bytes(): number {
    return this.#bytes;
  }

  get bytesDone(): number {
    return this.#bytesDone;
  }

  #change(file: QueuedFile, sign: 1 | -1): void {
    this.#counts.set(file.state, this.count(file.state) + sign);
    if (isLeftOut(file.state)) return;
    this.#bytes += sign * file.size;
    this.#bytesDone += sign * Math.min(file.bytes, file.size);
  }
}
