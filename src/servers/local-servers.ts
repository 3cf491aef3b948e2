import { setTimeout as delay } from 'node:timers/promises';
import type { Configuration } from '../config/configuration.ts';
import { toEnvironment } from '../config/load.ts';
import { isLocal } from '../config/loopback.ts';
import type { LogLevel } from '../log/log-level.ts';
import { ChildServer, type OutputStream } from './child-server.ts';

export interface LocalServersOptions {
  /** The files of the built programs. */
  readonly programs: { readonly storage: string; readonly coordinator: string };
  /** Of all servers, or of each by its name. */
  readonly logLevel?: LogLevel | ((server: string) => LogLevel);
  /** What a server prints: announcements on `stdout`, its log on `stderr`. */
  onLine(server: string, line: string, stream: OutputStream): void;
  /** The coordinator ended though nobody asked it to; by now all the others have been stopped. */
  onExit(server: string, message: string): void;
}

/** Milliseconds until a storage server that ended by itself is started again; twice as many each time that fails. */
const restartMs = 500;
const longestRestartMs = 30_000;

interface Launch {
  readonly environment: NodeJS.ProcessEnv;
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * The bundled servers of one configuration, each a child process of this one. A storage server that ends by itself is
 * started again: meanwhile the others have what it holds, where there is parity.
 */
export class LocalServers {
  readonly #options: LocalServersOptions;
  /** In the order of their start. */
  #servers: ChildServer[] = [];
  #starting: PromiseWithResolvers<never> | undefined;
  #stopping: Promise<void> | undefined;
  /** Of storage servers that are about to be started again, by name. */
  readonly #restarts = new Map<string, AbortController>();

  constructor(options: LocalServersOptions) {
    this.#options = options;
  }

  /** The process ids of the servers that run. */
  get pids(): readonly number[] {
    return this.#servers.flatMap(({ pid }) => pid ?? []);
  }

  /**
   * Starts all storage servers of this machine, then the coordinator.
   * Rejects with the message of the server that cannot start; those that had started are then stopped again.
   */
  async start(configuration: Configuration): Promise<void> {
    if (this.#servers.length > 0 || this.#starting !== undefined) throw new Error('The servers run already.');
    this.#starting = Promise.withResolvers<never>();
    try {
      await Promise.race([this.#startAll(configuration), this.#starting.promise]);
    } catch (error) {
      await this.stop();
      throw error;
    } finally {
      this.#starting = undefined;
    }
  }

  /** Starts the storage servers of this machine that have these numbers, and no coordinator. */
  async startStorageServers(configuration: Configuration, numbers: readonly number[]): Promise<void> {
    const environment = childEnvironment(configuration);
    try {
      for (const number of numbers) {
        await this.#launch(this.#storage(environment, number));
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Stops the coordinator, then the storage servers; resolves when all are gone. */
  stop(): Promise<void> {
    this.#starting?.reject(new Error('The servers were stopped while they were starting.'));
    for (const name of [...this.#restarts.keys()]) this.#cancelRestart(name);
    this.#stopping ??= this.#stopAll().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  /** Whether a storage server runs. */
  runs(number: number): boolean {
    return this.#servers.some(({ name }) => name === storageName(number));
  }

  /** Ends one storage server on purpose: the others go on. */
  async stopStorageServer(number: number): Promise<void> {
    this.#cancelRestart(storageName(number));
    const server = this.#servers.find(({ name }) => name === storageName(number));
    if (server === undefined) return;
    // From now on nobody expects it to run.
    this.#servers = this.#servers.filter((one) => one !== server);
    await server.stop();
  }

  /** Starts it again. @throws Error with its own message */
  async startStorageServer(configuration: Configuration, number: number): Promise<void> {
    if (this.runs(number)) return;
    this.#cancelRestart(storageName(number));
    try {
      await this.#launch(this.#storage(childEnvironment(configuration), number));
    } catch (error) {
      await this.stopStorageServer(number);
      throw error;
    }
  }

  /** Of a server that runs, by its name. */
  setLogLevel(name: string, level: LogLevel): void {
    this.#servers.find((server) => server.name === name)?.setLogLevel(level);
  }

  async #startAll(configuration: Configuration): Promise<void> {
    const environment = childEnvironment(configuration);
    const [first, ...others] = configuration.storageServers
      .filter(isLocal)
      .map(({ number }) => this.#storage(environment, number));
    // Of two windows that start at once, one finds the first port in use before anything else has begun.
    if (first !== undefined) await this.#launch(first);
    await Promise.all(others.map((server) => this.#launch(server)));
    const program = this.#options.programs.coordinator;
    await this.#launch({ environment, name: coordinatorName, program, args: [] });
  }

  #storage(environment: NodeJS.ProcessEnv, number: number): Launch {
    const program = this.#options.programs.storage;
    return { environment, name: storageName(number), program, args: [String(number)] };
  }

  async #launch(launch: Launch): Promise<void> {
    if (this.#stopping !== undefined) return;
    const { environment, name, program, args } = launch;
    const { logLevel: wanted, onLine } = this.#options;
    const logLevel = typeof wanted === 'function' ? wanted(name) : wanted;
    const server = new ChildServer({
      name,
      program,
      args: logLevel === undefined ? args : [...args, '--log-level', logLevel],
      environment,
      onLine: (line, stream) => onLine(name, line, stream),
    });
    this.#servers.push(server);
    try {
      await server.ready;
    } catch (error) {
      await server.stop(); // It may only be slow, and would hold its port.
      throw error;
    }
    void server.gone.then((why) => this.#ended(server, why, launch));
  }

  async #ended(server: ChildServer, why: string, launch: Launch): Promise<void> {
    if (this.#stopping !== undefined || !this.#servers.includes(server)) return;
    if (this.#starting !== undefined) {
      this.#starting.reject(new Error(why));
      return;
    }
    if (server.name === coordinatorName) {
      await this.stop();
      this.#options.onExit(server.name, why);
      return;
    }
    this.#servers = this.#servers.filter((one) => one !== server);
    await this.#startAgain(launch, why);
  }

  /** Never rejects. */
  async #startAgain(launch: Launch, why: string): Promise<void> {
    const { name } = launch;
    const cancelled = new AbortController();
    this.#restarts.set(name, cancelled);
    let reason = why;
    for (let pause = restartMs; ; pause = Math.min(2 * pause, longestRestartMs)) {
      this.#options.onLine(name, `${reason}; it is started again`, 'stderr');
      await delay(pause, undefined, { signal: cancelled.signal }).catch(() => undefined);
      if (cancelled.signal.aborted) return;
      try {
        await this.#launch(launch);
        this.#restarts.delete(name);
        return;
      } catch (error) {
        if (cancelled.signal.aborted) return;
        this.#servers = this.#servers.filter((server) => server.name !== name);
        reason = error instanceof Error ? error.message : String(error);
      }
    }
  }

  #cancelRestart(name: string): void {
    this.#restarts.get(name)?.abort();
    this.#restarts.delete(name);
  }

  async #stopAll(): Promise<void> {
    const [coordinator, storage] = [
      this.#servers.filter(({ name }) => name === coordinatorName),
      this.#servers.filter(({ name }) => name !== coordinatorName),
    ];
    await Promise.all(coordinator.map((server) => server.stop()));
    await Promise.all(storage.map((server) => server.stop()));
    this.#servers = [];
  }
}

export const coordinatorName = 'coordinator';

export function storageName(number: number): string {
  return `storage server ${number}`;
}

/** The configuration, passwords included, goes to a child by its environment: command lines can be listed. */
function childEnvironment(configuration: Configuration): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('FTP_'));
  return {
    ...Object.fromEntries(inherited),
    ...toEnvironment(configuration),
    // In VS Code this process may be Electron, which otherwise would open a window.
    ELECTRON_RUN_AS_NODE: '1',
  };
}
