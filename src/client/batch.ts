import { Readable } from 'node:stream';
import { describeError, UnreachableError } from './errors.ts';
import { Progress } from './progress.ts';
import type { TransferFailure, TransferOptions, TransferResult } from './transfer.ts';

/** One file to be transferred. */
export interface FileJob {
  /** Where it comes from; failures name it. */
  readonly source: string;
  /** Path on the coordinator. */
  readonly remotePath: string;
  /** Bytes, as far as known before. */
  readonly size: number;
  run(signal: AbortSignal, onBytes: (bytes: number) => void): Promise<'skipped' | number>;
}

export type Step = FileJob | TransferFailure;

/** The walk runs ahead of the transfers by so many files, for the totals; memory stays bounded. */
const ahead = 10_000;

/**
 * Transfers the files of a walk, several at a time.
 * @param walk yields jobs, and failures of the walk itself; it is given the signal that ends the batch.
 */
export async function runBatch(
  walk: (signal: AbortSignal) => AsyncIterable<Step>,
  concurrency: number,
  { signal, onProgress }: TransferOptions,
): Promise<TransferResult> {
  const stop = new AbortController();
  const ended = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const progress = new Progress(onProgress);
  const skipped: string[] = [];
  const failures: TransferFailure[] = [];
  let files = 0;
  let bytes = 0;

  async function* counted(): AsyncGenerator<Step> {
    for await (const step of walk(ended)) {
      if ('run' in step) progress.found(step.size);
      yield step;
    }
    progress.counted();
  }

  async function transfer(job: FileJob): Promise<void> {
    let moved = 0;
    const onBytes = (count: number) => {
      moved += count;
      progress.moved(job.remotePath, count);
    };
    try {
      const outcome = await job.run(ended, onBytes);
      if (outcome === 'skipped') skipped.push(job.source);
      else {
        files += 1;
        bytes += outcome;
      }
    } catch (error) {
      ended.throwIfAborted();
      if (error instanceof UnreachableError) throw error;
      failures.push({ path: job.source, message: describeError(error) });
    } finally {
      progress.settled(job.remotePath, job.size - moved);
    }
  }

  ended.throwIfAborted();
  const queue = Readable.from(counted(), { highWaterMark: ahead });
  const stopQueue = () => queue.destroy();
  ended.addEventListener('abort', stopQueue, { once: true });
  const steps: AsyncIterator<Step, unknown> = queue[Symbol.asyncIterator]();
  const worker = async (): Promise<void> => {
    for (let next = await steps.next(); next.done !== true; next = await steps.next()) {
      if ('run' in next.value) await transfer(next.value);
      else failures.push(next.value);
    }
  };
  const workers = Array.from({ length: concurrency }, () =>
    worker().catch((error: unknown) => stop.abort(error)),
  );
  await Promise.all(workers);
  ended.removeEventListener('abort', stopQueue);
  queue.destroy();
  ended.throwIfAborted();
  progress.finished();
  return { files, bytes, skipped, failures };
}
