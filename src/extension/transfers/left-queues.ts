/** What windows leave to one another: a queue belongs to whoever uses its pool. */
import { describeError } from '../../client/errors.ts';
import { QueueFile } from './queue-file.ts';
import type { Batch } from './records.ts';
import type { TransferQueue } from './transfer-queue.ts';

export interface QueueFolder {
  readonly path: string;
  /** What could not be taken over, or left. */
  onError(message: string): void;
}

/** Takes over batches of windows that have gone. */
export function adopt(folder: QueueFolder, queue: TransferQueue, isWanted: (batch: Batch) => boolean): void {
  for (const left of QueueFile.abandoned(folder.path)) {
    const content = read(left, folder);
    if (!content) continue;
    const { batches, files } = content;
    const wanted = new Map(batches.filter(isWanted).map((batch) => [batch.id, batch]));
    queue.adopt({
      batches: [...wanted.values()],
      files: files.filter(({ batch }) => wanted.has(batch)),
    });
    try {
      for (const id of wanted.keys()) left.removeBatch(id);
      if (wanted.size === batches.length) left.remove();
      else left.close();
    } catch (error) {
      // They are done here; another window may do them again, and finds that they are.
      folder.onError(`transfers that were taken over are still in ${left.path}: ${describeError(error)}`);
      left.close();
    }
  }
}

/** Leaves those of other pools to the windows that use these; what cannot be left stays, and waits here. */
export function leaveForeign(folder: QueueFolder, queue: TransferQueue, pool: string | undefined): void {
  const foreign = queue.batches.filter((batch) => batch.pool !== pool);
  if (foreign.length === 0) return;
  let left: QueueFile | undefined;
  try {
    left = QueueFile.create(folder.path);
    for (const batch of foreign) {
      left.saveBatch(batch);
      left.saveFiles(queue.files(batch.id));
      queue.forget(batch.id);
    }
  } catch (error) {
    folder.onError(`transfers of another pool stay in this window: ${describeError(error)}`);
  } finally {
    left?.close();
  }
}

/** What a window has left; what cannot be read is set aside, so that it keeps no window from its own transfers. */
function read(left: QueueFile, { onError }: QueueFolder): ReturnType<QueueFile['load']> | undefined {
  try {
    return left.load();
  } catch (error) {
    onError(`transfers that are left cannot be read (${describeError(error)}): ${left.setAside()}`);
    return undefined;
  }
}
