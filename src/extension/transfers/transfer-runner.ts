import * as path from 'node:path';
import { posix, sep } from 'node:path';
import { describeError, LostConnectionError, RemoteError, UnreachableError } from '../../client/errors.ts';
import type { FoundFile, TransferFailure } from '../../client/transfer.ts';
import { type Existing, removeDraft, type Transport, transferFile } from './file-task.ts';
import type { Pace } from './pace.ts';
import type { Batch, QueuedFile } from './records.ts';
import { Speedometer } from './speedometer.ts';
import type { NewFile, TransferQueue, UnlistedFile } from './transfer-queue.ts';

export interface RunnerOptions {
  readonly queue: TransferQueue;
  /** Files at a time. */
  concurrency(): number;
  /** The connection to a pool's coordinator; undefined while there is none. */
  transport(pool: string): Transport | undefined;
  /** Somebody has to choose what happens to an existing file; the queue holds it as `asking`. */
  onQuestion(file: QueuedFile, existing: Existing): void;
  /** What cannot be shown at a file. */
  onError(message: string): void;
  /** Milliseconds before the coordinator is tried again after it was lost. */
  readonly pause?: number;
}

interface Active {
  readonly abort: AbortController;
  /** When it began, on the clock of `performance.now`. */
  readonly since: number;
  readonly speedometer: Speedometer;
  readonly ended: Promise<void>;
}

/** A walk runs ahead of the transfers by so many files. */
const ahead = 25_000;
const walkChunk = 200;
/** So many times a file may be interrupted without a byte of progress before it counts as failed. */
const patience = 5;

/** Transfers what the queue holds, several files at a time, as long as there is a coordinator. */
export class TransferRunner {
  readonly #options: RunnerOptions;
  readonly #active = new Map<string, Active>();
  readonly #walks = new Map<string, Active>();
  readonly #interruptions = new Map<string, { bytes: number; count: number }>();
  readonly #total = new Speedometer();
  readonly #settled = new Speedometer();
  readonly #forget: () => void;
  #resting: NodeJS.Timeout | undefined;
  #stopped = false;
  #scheduled = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#forget = options.queue.onChange((change) => {
      if (change === 'records') this.wake();
    });
    this.wake();
  }

  /** Bytes a second of all transfers, or of one file. */
  speed(file?: string): number {
    if (file === undefined) return this.#total.speed;
    return this.#active.get(file)?.speedometer.speed ?? 0;
  }

  /** Of all transfers. */
  get pace(): Pace {
    return { bytes: this.#total.speed, files: this.#settled.speed, bestBytes: this.#total.best };
  }

  /** Milliseconds for which a file has been transferred; 0 when it is not. */
  elapsed(file: string): number {
    const active = this.#active.get(file);
    return active === undefined ? 0 : performance.now() - active.since;
  }

  get isBusy(): boolean {
    return this.#active.size + this.#walks.size > 0;
  }

  /** Looks for something to do: the coordinator is there, the queue or a setting has changed. */
  wake(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#stopUnwanted();
      this.#fill();
    });
  }

  /** The coordinator has gone: what runs is interrupted, and waits. */
  async interrupt(): Promise<void> {
    const running = [...this.#active.values(), ...this.#walks.values()];
    for (const { abort } of running) abort.abort(new LostConnectionError('the servers were stopped'));
    await Promise.all(running.map(({ ended }) => ended));
  }

  /** For good; resolves when nothing is being transferred any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#forget();
    clearTimeout(this.#resting);
    await this.interrupt();
  }

  /** What was paused or canceled while it ran. */
  #stopUnwanted(): void {
    const { queue } = this.#options;
    for (const [id, { abort }] of this.#active) {
      if (queue.file(id)?.state !== 'running') abort.abort(new Error('the transfer was stopped'));
    }
    for (const [id, { abort }] of this.#walks) {
      const batch = queue.batch(id);
      if (batch === undefined || batch.walked) abort.abort(new Error('the transfer was stopped'));
    }
  }

  #fill(): void {
    if (this.#stopped || this.#resting !== undefined) return;
    const { queue, concurrency, transport } = this.#options;
    for (const batch of queue.batches) {
      if (batch.walked || batch.paused || this.#walks.has(batch.id)) continue;
      const usable = transport(batch.pool);
      if (usable !== undefined)
        this.#track(this.#walks, batch.id, (signal) => this.#walk(batch, usable, signal));
    }
    while (this.#active.size < concurrency()) {
      const file = queue.next(
        ({ pool }) => transport(pool) !== undefined,
        (id) => this.#active.has(id),
      );
      const batch = file && queue.batch(file.batch);
      const usable = batch && transport(batch.pool);
      if (file === undefined || batch === undefined || usable === undefined) return;
      this.#track(this.#active, file.id, (signal) => this.#run(file, batch, usable, signal));
    }
  }

  #track(running: Map<string, Active>, id: string, work: (signal: AbortSignal) => Promise<void>): void {
    const abort = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    running.set(id, { abort, since: performance.now(), speedometer: new Speedometer(), ended: promise });
    work(abort.signal)
      .catch((error: unknown) => this.#options.onError(describeError(error)))
      .finally(() => {
        running.delete(id);
        resolve();
        this.wake();
      });
  }

  async #run(file: QueuedFile, batch: Batch, transport: Transport, signal: AbortSignal): Promise<void> {
    const { queue, onQuestion } = this.#options;
    const onMoved = (bytes: number) => {
      this.#total.moved(bytes);
      this.#active.get(file.id)?.speedometer.moved(bytes);
    };
    try {
      const outcome = await transferFile({ queue, transport, batch, file, signal, onMoved });
      this.#interruptions.delete(file.id);
      if ('existing' in outcome) {
        queue.ask(file.id);
        if (queue.file(file.id)?.state === 'asking') onQuestion(file, outcome.existing);
      } else {
        this.#settled.moved(1);
        queue.settle(file.id, outcome);
      }
    } catch (error) {
      this.#failed(file.id, error);
    }
    const left = queue.file(file.id);
    // Where it is, it can be continued; a canceled one is not.
    if (left === undefined || left.state === 'canceled') await removeDraft(left ?? file);
  }

  #failed(id: string, error: unknown): void {
    const { queue } = this.#options;
    const file = queue.file(id);
    if (file?.state !== 'running') {
      // How far it came is kept with what it is now: paused, for example.
      if (file !== undefined) queue.note(id, {});
      return;
    }
    if (isInterruption(error) && this.#mayTryAgain(file, error)) {
      queue.note(id, {});
      queue.interrupted(id);
      this.#rest();
      return;
    }
    this.#interruptions.delete(id);
    queue.settle(id, { state: 'failed', message: describeError(error) });
  }

  #mayTryAgain({ id, bytes }: QueuedFile, error: unknown): boolean {
    // A coordinator that is not there is no fault of the file, however long that lasts.
    if (this.#stopped || error instanceof UnreachableError) return true;
    const before = this.#interruptions.get(id);
    const count = before === undefined || bytes > before.bytes ? 1 : before.count + 1;
    this.#interruptions.set(id, { bytes, count });
    return count <= patience;
  }

  /** Not at once again: a coordinator that is started needs a moment. */
  #rest(): void {
    if (this.#stopped || this.#resting !== undefined) return;
    this.#resting = setTimeout(() => {
      this.#resting = undefined;
      this.wake();
    }, this.#options.pause ?? 2_000);
  }

  async #walk(batch: Batch, transport: Transport, signal: AbortSignal): Promise<void> {
    const { queue } = this.#options;
    const found =
      batch.direction === 'upload'
        ? transport.findUploads(batch.sources, batch.target, signal)
        : transport.findDownloads(batch.sources, batch.target, signal);
    let chunk: (NewFile | UnlistedFile)[] = [];
    const pass = () => {
      queue.found(batch.id, chunk);
      chunk = [];
    };
    try {
      let first = true;
      for await (const step of found) {
        signal.throwIfAborted();
        chunk.push(asQueued(batch, step));
        // The first file is transferred at once.
        if (first || chunk.length >= walkChunk) pass();
        first = false;
        if (queue.totals(batch.id).count('waiting') >= ahead) await this.#untilFewer(batch.id, signal);
      }
      pass();
      queue.walked(batch.id);
    } catch (error) {
      if (signal.aborted) return;
      if (isInterruption(error)) {
        this.#rest();
        return;
      }
      const [source = batch.target] = batch.sources;
      queue.found(batch.id, [{ source, target: targetOf(batch, source), message: describeError(error) }]);
      queue.walked(batch.id);
    }
  }

  #untilFewer(batch: string, signal: AbortSignal): Promise<void> {
    const { queue } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = () => {
      if (signal.aborted || queue.totals(batch).count('waiting') < ahead / 2) resolve();
    };
    const forget = queue.onChange(check);
    signal.addEventListener('abort', check, { once: true });
    return promise.finally(() => {
      forget();
      signal.removeEventListener('abort', check);
    });
  }
}

/** The connection failed and not the file. */
function isInterruption(error: unknown): boolean {
  if (error instanceof LostConnectionError || error instanceof UnreachableError) return true;
  // Replies to a transfer whose connection was lost (RFC 959, section 4.2.2).
  if (error instanceof RemoteError) return error.code === 421 || error.code === 426;
  return error instanceof Error && error.message === 'the client was closed';
}

function asQueued(batch: Batch, step: FoundFile | TransferFailure): NewFile | UnlistedFile {
  if ('message' in step) {
    return { source: step.path, target: targetOf(batch, step.path), message: step.message };
  }
  const { source, target, size, modified } = step;
  return { source, target, size, modified: modified.getTime() };
}

/** Where something that a batch's walk came across arrives. */
function targetOf({ direction, sources, target }: Batch, source: string): string {
  const [from, to] = direction === 'upload' ? [path, posix] : [posix, path];
  const separator = direction === 'upload' ? sep : '/';
  const root = sources.find((one) => source === one || source.startsWith(one + separator)) ?? source;
  return to.join(target, ...from.relative(from.dirname(root), source).split(separator));
}
