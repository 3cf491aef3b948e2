import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { SplitClient } from '../client/split-client.ts';
import type { Configuration } from '../config/configuration.ts';
import type { LocalServers, LocalServersOptions } from '../servers/local-servers.ts';
import { StartError, type TakenPort } from '../servers/start-error.ts';
import type { ConfigurationFinder, Origin } from './configuration.ts';
import type { ServerLogs } from './server-logs.ts';

export type ServersState =
  | { readonly kind: 'stopped' | 'starting' | 'stopping' }
  | { readonly kind: 'running'; readonly configuration: Configuration; readonly startedHere: boolean }
  | {
      readonly kind: 'failed';
      readonly message: string;
      readonly origin: Origin;
      readonly taken?: TakenPort;
    };

/** What talks to servers is loaded with the first start: a window that opens does not wait for it. */
const attachment = () => import('./attachment.ts');

/** How long another window's servers, seen by their ports only, may take until they can be used. */
const attachPatience = 8000;

/**
 * The servers as this window sees them: the ones it started, or those of the same configuration that another
 * window or program started. Changes happen one after the other.
 */
export class Servers implements vscode.Disposable {
  readonly #finder: ConfigurationFinder;
  readonly #options: LocalServersOptions;
  readonly #levels: vscode.Disposable;
  readonly #changed = new vscode.EventEmitter<ServersState>();
  readonly onDidChangeState = this.#changed.event;
  #state: ServersState = { kind: 'stopped' };
  #origin: Origin = { kind: 'settings' };
  #local: LocalServers | undefined;
  #client: SplitClient | undefined;
  #attachment: vscode.Disposable | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(
    finder: ConfigurationFinder,
    programs: LocalServersOptions['programs'],
    logs: Pick<ServerLogs, 'add' | 'levelOf' | 'onDidChangeLevel'>,
  ) {
    this.#finder = finder;
    this.#options = {
      programs,
      logLevel: (server) => logs.levelOf(server),
      onLine: (...line) => logs.add(...line),
      onExit: (_server, message) => void this.#inTurn(() => this.#lost(message)),
    };
    this.#levels = logs.onDidChangeLevel((server) => this.#local?.setLogLevel(server, logs.levelOf(server)));
  }

  get state(): ServersState {
    return this.#state;
  }

  /** Process ids of the servers that this window started. */
  get pids(): readonly number[] {
    return this.#local?.pids ?? [];
  }

  /** Attaches to running servers or starts them. A failure is a state, not an error. */
  start(): Promise<void> {
    return this.#inTurn(() => this.#start());
  }

  /** Ends the servers that this window started; others are only let go. */
  stop(): Promise<void> {
    return this.#inTurn(() => this.#stop());
  }

  restart(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#stop();
      await this.#start();
    });
  }

  /** Whether this window runs the storage server. */
  runs(number: number): boolean {
    return this.#local?.runs(number) ?? false;
  }

  /** Ends one storage server that this window started; files are read without it where they have parity. */
  async stopStorageServer(number: number): Promise<void> {
    await this.#local?.stopStorageServer(number);
    this.#changed.fire(this.#state);
  }

  /** Starts it again. @throws Error with its own message */
  async startStorageServer(number: number): Promise<void> {
    if (this.#state.kind !== 'running' || !this.#state.startedHere) return;
    await this.#local?.startStorageServer(this.#state.configuration, number);
    this.#changed.fire(this.#state);
  }

  /** A client of the coordinator; starts the servers when they are stopped. */
  async client(): Promise<SplitClient> {
    await this.start();
    if (this.#client === undefined) throw new vscode.CancellationError(); // The failed state is shown already.
    return this.#client;
  }

  dispose(): void {
    this.#levels.dispose();
    this.#changed.dispose();
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(change).catch((error: unknown) => this.#fail(error));
    return this.#turn;
  }

  async #start(): Promise<void> {
    if (this.#state.kind === 'running') return;
    this.#set({ kind: 'starting' });
    this.#origin = await this.#finder.origin();
    const configuration = await this.#finder.load(this.#origin);
    const { findRunning, isAnyPortTaken } = await attachment();
    const deadline = Date.now() + attachPatience;
    for (;;) {
      const client = await findRunning(configuration);
      if (client !== undefined) return await this.#attach(configuration, client);
      try {
        await this.#startHere(configuration);
        return;
      } catch (error) {
        // A window that starts, or ends, at this moment holds the ports: soon it can be used, or they are free.
        if (Date.now() > deadline || !(await isAnyPortTaken(configuration))) throw error;
        await delay(500);
      }
    }
  }

  async #startHere(configuration: Configuration): Promise<void> {
    const { host, port } = configuration.coordinator;
    const { createClient, isStartable } = await attachment();
    if (!isStartable(configuration))
      throw new Error(
        vscode.l10n.t('No coordinator that accepts this account answers at {0}:{1}.', host, port),
      );
    const { LocalServers } = await import('../servers/local-servers.ts');
    this.#local ??= new LocalServers(this.#options);
    await this.#local.start(configuration);
    this.#client = createClient(configuration);
    this.#set({ kind: 'running', configuration, startedHere: true });
  }

  async #attach(configuration: Configuration, client: SplitClient): Promise<void> {
    this.#client = client;
    await this.#watch(configuration);
    this.#set({ kind: 'running', configuration, startedHere: false });
  }

  async #watch(configuration: Configuration): Promise<void> {
    const { host, port } = configuration.coordinator;
    const { whenGone } = await attachment();
    this.#attachment = whenGone(host, port, () => void this.#inTurn(() => this.#lookAgain(configuration)));
  }

  /** The connection that was watched has ended; that may be its age, or the end of the other window. */
  async #lookAgain(configuration: Configuration): Promise<void> {
    if (this.#state.kind !== 'running' || this.#state.startedHere) return;
    const { findRunning } = await attachment();
    const client = await findRunning(configuration);
    if (client !== undefined) {
      client.close();
      await this.#watch(configuration);
      return;
    }
    this.#letGo();
    this.#set({ kind: 'stopped' });
    await this.#start();
  }

  async #stop(): Promise<void> {
    if (this.#state.kind === 'stopped') return;
    this.#set({ kind: 'stopping' });
    this.#letGo();
    await this.#local?.stop();
    this.#set({ kind: 'stopped' });
  }

  #letGo(): void {
    this.#attachment?.dispose();
    this.#attachment = undefined;
    this.#client?.close();
    this.#client = undefined;
  }

  async #lost(message: string): Promise<void> {
    if (this.#state.kind === 'running') throw new Error(message);
  }

  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#letGo();
    const taken = error instanceof StartError ? error.taken : undefined;
    this.#set({
      kind: 'failed',
      message: `${message}${this.#remedy(message)}`,
      origin: this.#origin,
      ...(taken && { taken }),
    });
  }

  /** The servers name variables of an `.env`; without such a file these stand for settings. */
  #remedy(message: string): string {
    if (this.#origin.kind === 'env') return '';
    if (message.includes('FTP_PORT'))
      return ` ${vscode.l10n.t('Here it is the setting "splitftp.port" that decides the ports.')}`;
    if (message.includes('FTP_STORAGE_DIR'))
      return ` ${vscode.l10n.t('Here it is the setting "splitftp.storageFolders".')}`;
    return '';
  }

  #set(state: ServersState): void {
    this.#state = state;
    this.#changed.fire(state);
  }
}
