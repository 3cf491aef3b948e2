import { join } from 'node:path';
import * as vscode from 'vscode';
import type { SplitClient } from '../../client/split-client.ts';
import type { TransferResult } from '../../client/transfer.ts';
import type { Servers, ServersState } from '../servers.ts';
import { BatchResults, isAllCanceled, tellResult } from './batch-results.ts';
import { ConflictQuestions } from './conflict-questions.ts';
import type { DroppedFiles } from './dropped-files.ts';
import { adopt, leaveForeign, type QueueFolder } from './left-queues.ts';
import type { Batch } from './records.ts';
import { RememberedQueue } from './remembered-queue.ts';
import { type Change, TransferQueue } from './transfer-queue.ts';
import { TransferRunner } from './transfer-runner.ts';
import { describeMovement } from './transfer-words.ts';

interface TransfersOptions {
  readonly servers: Servers;
  readonly log: vscode.LogOutputChannel;
  readonly dropped: DroppedFiles;
  readonly context: vscode.ExtensionContext;
  /** Whether storage servers need somebody. */
  isPoolInTrouble(): boolean;
  /** Shows what is stored at a path. */
  reveal(path: string): Promise<void>;
  /** So many files have arrived below a folder of the coordinator. */
  onStored(folder: string, files: number): void;
}

/** The queues of windows that have gone are looked for so often, in milliseconds. */
const adoptionInterval = 30_000;

/** The transfers of this window: its queue, and what moves them while the servers run. */
export class Transfers implements vscode.Disposable {
  readonly queue: TransferQueue;
  readonly runner: TransferRunner;
  readonly questions: ConflictQuestions;
  readonly #options: TransfersOptions;
  readonly #folder: QueueFolder;
  readonly #store: RememberedQueue;
  readonly #results: BatchResults;
  readonly #waiting = new Map<string, (result: TransferResult | undefined) => void>();
  readonly #changed = new Set<(change: Change) => void>();
  readonly #subscriptions: vscode.Disposable;
  readonly #adoptionAtStart: NodeJS.Immediate;
  readonly #adoption: NodeJS.Timeout;
  #client: SplitClient | undefined;
  /** Of the coordinator that the client talks to, once it has told. */
  #pool: string | undefined;
  #connecting: Promise<void> = Promise.resolve();
  #connected: ServersState | undefined;
  #progress: (() => void) | undefined;

  constructor(options: TransfersOptions) {
    const { servers, log, context } = options;
    this.#options = options;
    const path = join(context.globalStorageUri.fsPath, 'transfers');
    this.#folder = { path, onError: (message) => log.error(message) };
    this.#store = new RememberedQueue(path, (reason) => this.#tellForgotten(reason));
    this.queue = new TransferQueue(this.#store);
    // Thousands of records may have been left: the window opens first.
    this.#adoptionAtStart = setImmediate(() => this.#adopt(() => true));
    this.#results = new BatchResults(this.queue);
    this.questions = new ConflictQuestions(this.queue);
    this.runner = new TransferRunner({
      queue: this.queue,
      concurrency,
      transport: (pool) => (pool === this.#pool ? this.#client : undefined),
      onQuestion: (file, existing) => this.questions.add(file, existing),
      onError: (message) => log.error(message),
    });
    const forgetSettled = this.queue.onSettled((batch) => this.#settled(batch));
    const forgetChanges = this.queue.onChange((change) => this.#tell(change));
    this.#adoption = setInterval(() => {
      if (this.#pool !== undefined) this.#adopt(({ pool }) => pool === this.#pool);
    }, adoptionInterval);
    this.#subscriptions = vscode.Disposable.from(
      { dispose: forgetSettled },
      { dispose: forgetChanges },
      this.questions,
      servers.onDidChangeState((state) => this.#follow(state)),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (!event.affectsConfiguration('splitftp.transfers')) return;
        this.#connected = undefined;
        this.#follow(servers.state);
      }),
    );
    this.#follow(servers.state);
  }

  /** Whether the coordinator of this window can be used. */
  get isConnected(): boolean {
    return this.#pool !== undefined;
  }

  /** Files that are still to be transferred. */
  get unfinished(): number {
    return this.queue.batches.reduce((sum, { id }) => sum + this.queue.totals(id).unfinished, 0);
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#changed.add(listener);
    return () => this.#changed.delete(listener);
  }

  /**
   * Puts an action of a person into the queue.
   * @returns what became of it when all is done, however long that takes; undefined when all of it was canceled
   */
  async transfer(
    batch: Pick<Batch, 'direction' | 'sources' | 'target'>,
  ): Promise<TransferResult | undefined> {
    const { servers } = this.#options;
    await servers.client();
    this.#follow(servers.state);
    await this.#connecting;
    const pool = this.#pool;
    if (pool === undefined)
      throw new Error(vscode.l10n.t('The coordinator does not answer: look at the log.'));
    const { promise, resolve } = Promise.withResolvers<TransferResult | undefined>();
    const { id } = this.queue.add({ ...batch, pool });
    this.#waiting.set(id, resolve);
    return promise;
  }

  retry(batch: string): void {
    this.queue.retry(this.queue.filesIn(batch, 'failed').map(({ id }) => id));
  }

  /** Stops what moves, where it is; what is left goes on in the next window. */
  async stop(): Promise<void> {
    clearImmediate(this.#adoptionAtStart);
    clearInterval(this.#adoption);
    this.#subscriptions.dispose();
    await this.runner.stop();
    this.#client?.close();
    this.#progress?.();
    if (this.queue.batches.length === 0) this.#store.remove();
    else this.#store.close();
  }

  dispose(): void {
    this.#subscriptions.dispose();
  }

  /** One change after the other: what moved over the old connection has ended before there is a new one. */
  #follow(state: ServersState): void {
    this.#connecting = this.#connecting
      .then(() => this.#connect(state))
      .catch((error: unknown) => {
        this.#connected = undefined;
        this.#options.log.error(error instanceof Error ? error : String(error));
      });
  }

  async #connect(state: ServersState): Promise<void> {
    // A storage server was stopped or started: the coordinator is the same.
    if (state.kind === 'running' && state === this.#connected) return;
    this.#connected = state;
    this.#pool = undefined;
    await this.runner.interrupt();
    this.#client?.close();
    this.#client = undefined;
    this.#tell();
    if (state.kind !== 'running') return;
    const { SplitClient } = await import('../../client/split-client.ts');
    const client = new SplitClient({
      ...state.configuration.coordinator,
      // One more than transfers, for looking things up.
      connections: concurrency() + 1,
    });
    this.#client = client;
    const [coordinator] = (await client.status()).filter((report) => report.kind === 'coordinator');
    this.#pool = coordinator?.pool;
    leaveForeign(this.#folder, this.queue, this.#pool);
    this.#adopt(({ pool }) => pool === this.#pool);
    this.runner.wake();
    this.#tell();
  }

  #adopt(isWanted: (batch: Batch) => boolean): void {
    adopt(this.#folder, this.queue, isWanted);
  }

  /** Nothing can be written: a person should know before the window is closed. */
  #tellForgotten(reason: string): void {
    const { log } = this.#options;
    const text = vscode.l10n.t(
      'SplitFTP cannot remember its transfers ({0}): they go on, and end when this window is closed.',
      reason,
    );
    log.warn(text);
    vscode.window.showWarningMessage(text).then(undefined, (error: Error) => log.error(error));
  }

  #settled(batch: Batch): void {
    const { log, reveal, onStored, dropped, isPoolInTrouble } = this.#options;
    const result = this.#results.take(batch);
    this.#waiting.get(batch.id)?.(isAllCanceled(batch, result) ? undefined : result);
    this.#waiting.delete(batch.id);
    if (batch.direction === 'upload') onStored(batch.target, result.files);
    const isDone = result.failures.length + result.canceled === 0;
    if (isDone && batch.direction === 'upload')
      void dropped.forget(batch.sources).catch((error: Error) => log.error(error));
    // Not awaited: a message stays until it is closed.
    void tellResult(batch, result, {
      log,
      reveal,
      isPoolInTrouble: isPoolInTrouble(),
      retry: () => this.retry(batch.id),
    }).then(undefined, (error: Error) => log.error(error));
  }

  #tell(change: Change = 'records'): void {
    for (const listener of this.#changed) listener(change);
    if (this.runner.isBusy && this.#progress === undefined) this.#showProgress();
  }

  /** In the status bar, as long as something moves. */
  #showProgress(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const location = vscode.ProgressLocation.Window;
    void vscode.window.withProgress({ location, title: 'SplitFTP' }, (progress) => {
      const show = () => progress.report({ message: this.movement });
      show();
      const timer = setInterval(() => {
        if (this.runner.isBusy) show();
        else this.#progress?.();
      }, 1000);
      this.#progress = () => {
        clearInterval(timer);
        this.#progress = undefined;
        resolve();
      };
      return promise;
    });
  }

  /** How far all of it is, in words for a person. */
  get movement(): string {
    const open = this.queue.batches.filter(({ ended }) => ended === undefined);
    const totals = open.map(({ id }) => this.queue.totals(id));
    const bytes = totals.reduce((sum, each) => sum + each.bytes, 0);
    // Nothing has been found yet.
    if (bytes === 0) return '';
    return describeMovement({
      bytes,
      bytesDone: totals.reduce((sum, { bytesDone }) => sum + bytesDone, 0),
      ...(open.every(({ walked }) => walked) && {
        filesLeft: totals.reduce((sum, { unfinished }) => sum + unfinished, 0),
      }),
      pace: this.runner.pace,
    });
  }
}

/** Files that are transferred at a time. */
function concurrency(): number {
  return Math.max(1, vscode.workspace.getConfiguration('splitftp').get('transfers.concurrent', 4));
}
