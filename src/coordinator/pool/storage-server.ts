import { FTPError } from 'basic-ftp';
import type { StorageServerConfiguration } from '../../config/configuration.ts';
import { FileSystemError } from '../../ftp/file-system.ts';
import type { Log } from '../../log/log.ts';
import { StorageConnection } from './storage-connection.ts';

/** Control connections to one storage server at the same time; more work than that waits its turn. */
const maximumConnections = 24;
const maximumIdleConnections = 6;
/** Milliseconds a connection may have been idle before it is asked whether it still lives. */
const trustedIdle = 5_000;
const connectTimeout = 5_000;
/** For a server that did not answer the last time: nobody should wait long again to be told so. */
const reconnectTimeout = 1_000;

/** One member of the pool: its connections, and whether it can be reached. */
export class StorageServer {
  readonly number: number;
  /** `host:port` */
  readonly address: string;
  readonly #configuration: StorageServerConfiguration;
  readonly #log: Log;
  readonly #idle: StorageConnection[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #folders = new Set<string>();
  #inUse = 0;
  #failure: string | undefined;
  /** A connection has been lost since the last one was made. */
  #doubtful = false;
  #closed = false;

  constructor(configuration: StorageServerConfiguration, log: Log) {
    this.number = configuration.number;
    this.address = `${configuration.host}:${configuration.port}`;
    this.#configuration = configuration;
    this.#log = log;
  }

  /** How messages call it. */
  get name(): string {
    return `storage server ${this.number} (${this.address})`;
  }

  /**
   * Waits for a free place among the connections. Whoever needs places on several servers takes them in the order
   * of their numbers, so that two never wait for each other.
   * @returns gives the place back
   */
  async reserve(): Promise<() => void> {
    if (this.#inUse >= maximumConnections) await new Promise<void>((free) => this.#waiting.push(free));
    else this.#inUse += 1;
    let reserved = true;
    return () => {
      if (!reserved) return;
      reserved = false;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#inUse -= 1;
    };
  }

  /** Whether somebody waits for a place. */
  get wanted(): boolean {
    return this.#waiting.length > 0;
  }

  /** Returns at once unless it has failed of late. @throws FileSystemError when it is (still) down */
  async refuseIfDown(): Promise<void> {
    if (this.#failure === undefined && !this.#doubtful) return;
    try {
      await this.use((connection) => connection.ping());
    } catch (error) {
      throw this.toFileSystemError(error);
    }
  }

  /**
   * A working connection, for somebody who holds a place. Give it to {@link release} afterwards.
   * @throws FileSystemError `unavailable`, at once or within seconds
   */
  async connect(): Promise<StorageConnection> {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (await isAlive(idle)) return idle;
      idle.close();
    }
    try {
      const timeout = this.#failure === undefined ? connectTimeout : reconnectTimeout;
      const connection = await StorageConnection.open(this.#configuration, timeout);
      if (this.#closed) {
        connection.close();
        throw new Error('the coordinator is stopping');
      }
      if (this.#failure !== undefined) this.#log.info({ server: this.number }, `${this.name} is back`);
      this.#failure = undefined;
      this.#doubtful = false;
      return connection;
    } catch (error) {
      const failure = this.#describe(error);
      if (failure !== this.#failure) this.#log.warn({ server: this.number }, failure);
      this.#failure = failure;
      throw new FileSystemError('unavailable', failure, { cause: error });
    }
  }

  release(connection: StorageConnection): void {
    if (connection.lost) this.#doubtful = true;
    if (connection.closed || this.#closed || this.#idle.length >= maximumIdleConnections) connection.close();
    else this.#idle.push(connection);
  }

  /** Makes the folder of a part, and those above it, as far as this coordinator has not made them before. */
  async prepareFolder(connection: StorageConnection, names: readonly string[]): Promise<void> {
    for (const length of names.keys()) {
      const folder = names.slice(0, length + 1).join('/');
      if (this.#folders.has(folder)) continue;
      await connection.makeFolder(folder);
      this.#folders.add(folder);
    }
  }

  /** After a failed write: somebody may have removed the folders. */
  forgetFolders(): void {
    this.#folders.clear();
  }

  /** Runs one piece of work on a connection of its own. */
  async use<T>(work: (connection: StorageConnection) => Promise<T>): Promise<T> {
    const giveBack = await this.reserve();
    try {
      const connection = await this.connect();
      try {
        return await work(connection);
      } catch (error) {
        if (!(error instanceof FTPError)) connection.close();
        throw error;
      } finally {
        this.release(connection);
      }
    } finally {
      giveBack();
    }
  }

  /** Why it cannot be reached right now, or undefined when it answers. */
  async probe(): Promise<string | undefined> {
    try {
      await this.use((connection) => connection.ping());
      return undefined;
    } catch (error) {
      return this.toFileSystemError(error).message;
    }
  }

  /** What went wrong with this server, for the person at the client. */
  toFileSystemError(error: unknown): FileSystemError {
    if (error instanceof FileSystemError) return error;
    const full = error instanceof FTPError && (error.code === 452 || error.code === 552);
    return new FileSystemError(full ? 'no-space' : 'unavailable', this.#describe(error), { cause: error });
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  #describe(error: unknown): string {
    const { number } = this.#configuration;
    if (error instanceof FTPError) {
      if (error.code === 530) {
        return `${this.name} refuses the login: check FTP_USER${number} and FTP_PASSWORD${number}`;
      }
      if (error.code === 452 || error.code === 552) return `${this.name} is full`;
      return `${this.name} answered ${error.message}`;
    }
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    switch (code) {
      case 'ECONNREFUSED':
        return `${this.name} is down: nothing listens at that address`;
      case 'ENOTFOUND':
      case 'EAI_AGAIN':
        return `${this.name} cannot be found: check the host name`;
      case 'EHOSTUNREACH':
      case 'ENETUNREACH':
        return `${this.name} cannot be reached over the network`;
    }
    if (error instanceof Error && error.message.startsWith('Timeout')) return `${this.name} does not answer`;
    return `${this.name} failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function isAlive(connection: StorageConnection): Promise<boolean> {
  if (connection.closed) return false;
  if (connection.idle < trustedIdle) return true;
  try {
    await connection.ping();
    return true;
  } catch {
    return false; // Whatever the reason, a fresh connection will tell it better.
  }
}
