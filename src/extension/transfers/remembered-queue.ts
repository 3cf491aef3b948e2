import { describeError } from '../../client/errors.ts';
import { QueueFile } from './queue-file.ts';
import type { Batch, FileState, QueuedFile, QueueStore } from './records.ts';

type Kept = Pick<QueueFile, Exclude<keyof QueueStore, 'load'> | 'close' | 'remove'>;

/**
 * The records of a window's own queue, in a file that is made with the first of them: a window that opens waits for no
 * disk. Where a record cannot be written, as on a full disk, the transfers go on and are no longer remembered.
 */
export class RememberedQueue implements QueueStore {
  readonly #create: () => Kept;
  readonly #onLost: (reason: string) => void;
  #file: Kept | undefined;
  #isLost = false;

  /** @param onLost told once, when nothing can be remembered any more */
  constructor(
    folder: string,
    onLost: (reason: string) => void,
    create: () => Kept = () => QueueFile.create(folder),
  ) {
    this.#create = create;
    this.#onLost = onLost;
  }

  /** A new window has nothing yet. */
  load(): { readonly batches: readonly Batch[]; readonly files: readonly QueuedFile[] } {
    return { batches: [], files: [] };
  }

  saveBatch(batch: Batch): void {
    this.#write((file) => file.saveBatch(batch));
  }

  saveFiles(files: readonly QueuedFile[]): void {
    if (files.length > 0) this.#write((file) => file.saveFiles(files));
  }

  moveFiles(batch: string, from: readonly FileState[], to: FileState): void {
    this.#write((file) => file.moveFiles(batch, from, to));
  }

  removeFiles(ids: readonly string[]): void {
    this.#write((file) => file.removeFiles(ids));
  }

  removeBatch(id: string): void {
    this.#write((file) => file.removeBatch(id));
  }

  /** The next window goes on with it. */
  close(): void {
    this.#file?.close();
  }

  remove(): void {
    this.#file?.remove();
  }

  #write(work: (file: Kept) => void): void {
    if (this.#isLost) return;
    try {
      this.#file ??= this.#create();
      work(this.#file);
    } catch (error) {
      this.#isLost = true;
      this.#discard();
      this.#onLost(describeError(error));
    }
  }

  /** What it says is not true any more: the next window would do again what is done. */
  #discard(): void {
    const file = this.#file;
    this.#file = undefined;
    try {
      file?.remove();
    } catch {
      // Then the next window finds that it is done, as after a power failure; what is told is why nothing is kept.
    }
  }
}
