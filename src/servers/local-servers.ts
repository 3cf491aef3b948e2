import type { Configuration } from '../config/configuration.ts';
import { isLocal, toEnvironment } from '../config/load.ts';
import type { LogLevel } from '../log/log.ts';
import { ChildServer, type OutputStream } from './child-server.ts';

export interface LocalServersOptions {
  /** The files of the built programs. */
  readonly programs: { readonly storage: string; readonly coordinator: string };
  readonly logLevel?: LogLevel;
  /** What a server prints: announcements on `stdout`, its log on `stderr`. */
  onLine(server: string, line: string, stream: OutputStream): void;
  /** A server ended though nobody asked it to; by now all the others have been stopped. */
  onExit(server: string, message: string): void;
}

/** The bundled servers of one configuration, each a child process of this one. */
export class LocalServers {
  readonly #options: LocalServersOptions;
  /** In the order of their start. */
  #servers: ChildServer[] = [];
  #starting: PromiseWithResolvers<never> | undefined;
  #stopping: Promise<void> | undefined;

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
        await this.#launch(
          environment,
          `storage server ${number}`,
          this.#options.programs.storage,
          String(number),
        );
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Stops the coordinator, then the storage servers; resolves when all are gone. */
  stop(): Promise<void> {
    this.#starting?.reject(new Error('The servers were stopped while they were starting.'));
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
    const server = this.#servers.find(({ name }) => name === storageName(number));
    if (server === undefined) return;
    // From now on nobody expects it to run.
    this.#servers = this.#servers.filter((one) => one !== server);
    await server.stop();
  }

  /** Starts it again. @throws Error with its own message */
  async startStorageServer(configuration: Configuration, number: number): Promise<void> {
    if (this.runs(number)) return;
    const environment = childEnvironment(configuration);
    try {
      await this.#launch(environment, storageName(number), this.#options.programs.storage, String(number));
    } catch (error) {
      await this.stopStorageServer(number);
      throw error;
    }
  }

  async #startAll(configuration: Configuration): Promise<void> {
    const environment = childEnvironment(configuration);
    const { programs } = this.#options;
    const storage = configuration.storageServers
      .filter(isLocal)
      .map(({ number }) => [storageName(number), programs.storage, String(number)] as const);
    const [first, ...others] = storage;
    // Of two windows that start at once, one finds the first port in use before anything else has begun.
    if (first !== undefined) await this.#launch(environment, ...first);
    await Promise.all(others.map((server) => this.#launch(environment, ...server)));
    await this.#launch(environment, 'coordinator', programs.coordinator);
  }

  async #launch(
    environment: NodeJS.ProcessEnv,
    name: string,
    program: string,
    ...args: string[]
  ): Promise<void> {
    if (this.#stopping !== undefined) return;
    const { logLevel, onLine } = this.#options;
    const server = new ChildServer({
      name,
      program,
      args: logLevel === undefined ? args : [...args, '--log-level', logLevel],
      environment,
      onLine: (line, stream) => onLine(name, line, stream),
    });
    this.#servers.push(server);
    await server.ready;
    void server.gone.then((why) => this.#ended(server, why));
  }

  async #ended(server: ChildServer, why: string): Promise<void> {
    if (this.#stopping !== undefined || !this.#servers.includes(server)) return;
    if (this.#starting !== undefined) {
      this.#starting.reject(new Error(why));
      return;
    }
    await this.stop();
    this.#options.onExit(server.name, why);
  }

  async #stopAll(): Promise<void> {
    const [coordinator, storage] = [
      this.#servers.filter(({ name }) => name === 'coordinator'),
      this.#servers.filter(({ name }) => name !== 'coordinator'),
    ];
    await Promise.all(coordinator.map((server) => server.stop()));
    await Promise.all(storage.map((server) => server.stop()));
    this.#servers = [];
  }
}

function storageName(number: number): string {
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
