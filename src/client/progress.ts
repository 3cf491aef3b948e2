import type { TransferProgress } from './transfer.ts';

/** At most so often a person is told, in milliseconds between two reports. */
const interval = 100;

/** Adds up what a batch has done and tells it: the first event at once, the last always, others now and then. */
export class Progress {
  readonly #tell: ((progress: TransferProgress) => void) | undefined;
  #now: TransferProgress = {
    current: '',
    filesDone: 0,
    filesTotal: 0,
    bytesDone: 0,
    bytesTotal: 0,
    counting: true,
  };
  #told = Number.NEGATIVE_INFINITY;

  constructor(tell: ((progress: TransferProgress) => void) | undefined) {
    this.#tell = tell;
  }

  /** A file was found that is to be transferred. */
  found(bytes: number): void {
    this.#change({ filesTotal: this.#now.filesTotal + 1, bytesTotal: this.#now.bytesTotal + bytes });
  }

  counted(): void {
    this.#change({ counting: false });
  }

  moved(current: string, bytes: number): void {
    this.#change({ current, bytesDone: this.#now.bytesDone + bytes });
  }

  /** A file is done with, however it ended: what was not moved of it counts as moved, or moved too much. */
  settled(current: string, bytesLeft: number): void {
    this.#change({
      current,
      filesDone: this.#now.filesDone + 1,
      bytesDone: this.#now.bytesDone + bytesLeft,
    });
  }

  finished(): void {
    this.#told = Number.NEGATIVE_INFINITY;
    this.#change({ counting: false });
  }

  #change(change: Partial<TransferProgress>): void {
    this.#now = { ...this.#now, ...change };
    if (this.#tell === undefined || performance.now() - this.#told < interval) return;
    this.#told = performance.now();
    this.#tell(this.#now);
  }
}
