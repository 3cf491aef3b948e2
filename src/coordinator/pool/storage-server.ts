import { FTPError } from 'basic-ftp';
import type { StorageServerConfiguration } from '../../config/configuration.ts';
import { FileSystemError } from '../../ftp/file-system.ts';
import type { Log } from '../../log/log.ts';
import { BusyServerError, retryWhileBusy } from './busy-server.ts';
import { ConnectionPlaces } from './connection-places.ts';
import { IdleConnections } from './idle-connections.ts';
import { KnownCapabilities } from './known-capabilities.ts';
import { LoginAttempts } from './login-attempts.ts';
import { MadeFolders } from './made-folders.ts';
import { Promptness } from './promptness.ts';
import { Reachability } from './reachability.ts';
import { ServerCondition } from './server-condition.ts';
import { type GuardCheck, ServerGuard } from './server-guard.ts';
import type { StorageConnection } from './storage-connection.ts';
import {
  describeFailure,
  isFull,
  isRefusedSilently,
  isSilence,
  isTooManyConnections,
} from './storage-failure.ts';

/** Milliseconds that asking a server waits for others to give it a place. */
const patienceForPlace = 1_000;

/** One member of the pool: its connections, what it can do, and whether it can be reached. */
export class StorageServer {
  readonly number: number;
  /** `host:port` */
  readonly address: string;
  readonly places: ConnectionPlaces;
  readonly capabilities: KnownCapabilities;
  readonly condition = new ServerCondition();
  readonly promptness: Promptness;
  readonly folders = new MadeFolders();
  readonly #configuration: StorageServerConfiguration;
  readonly #log: Log;
  readonly #attempts: LoginAttempts;
  readonly #reachability = new Reachability();
  readonly #guard = new ServerGuard();
  readonly #idle = new IdleConnections(() => this.#mayHaveChanged());
  readonly #used = new Set<StorageConnection>();
  readonly #closing = new AbortController();
  #checking: Promise<string | undefined> | undefined;

  /** @param folder the pool's, on every storage server */
  constructor(configuration: StorageServerConfiguration, folder: string, log: Log) {
    this.number = configuration.number;
    this.address = `${configuration.host}:${configuration.port}`;
    this.#configuration = configuration;
    this.#log = log;
    this.places = new ConnectionPlaces(configuration.connections);
    this.promptness = new Promptness(this, this.#reachability, log);
    this.#attempts = new LoginAttempts(configuration, this.#closing.signal);
    this.capabilities = new KnownCapabilities(this, folder, log, ({ storesAtomically }) =>
      this.places.learn(storesAtomically),
    );
  }

  /** How messages call it. */
  get name(): string {
    return `storage server ${this.number} (${this.address})`;
  }

  /** Failure domain: of two servers with the same one, none or both are taken to survive. */
  get domain(): string {
    return this.#configuration.domain ?? `server ${this.number}`;
  }

  /** Bytes of parts that it may hold; undefined where that was not set. */
  get capacity(): number | undefined {
    return this.#configuration.capacity;
  }

  /** Milliseconds of the clock ({@link Date.now}) since when nobody gets a connection; undefined while it is up. */
  get downSince(): number | undefined {
    return this.#reachability.downSince;
  }

  /** Whether it has failed of late, so that it had better be asked. */
  get isSuspect(): boolean {
    return this.#reachability.isSuspect;
  }

  /**
   * From now on this is called with the first connection, and with the first one after each that was lost, before
   * anybody else gets one: what it throws makes the server one that is down, with that reason.
   */
  guard(check: GuardCheck): void {
    this.#guard.check = check;
    this.checkAgain();
  }

  /** The next connection is a first one for the guard. */
  checkAgain(): void {
    this.#mayHaveChanged();
    this.#idle.close();
  }

  /**
   * A working connection, for somebody who holds a place. Give it to {@link release} afterwards.
   * @throws BusyServerError when the server refuses that many; give back all places before trying again
   * @throws FileSystemError `unavailable`, at once or within seconds
   */
  async connect(): Promise<StorageConnection> {
    const { answers } = this.#reachability;
    try {
      return (await this.#idleConnection()) ?? (await this.#freshConnection());
    } catch (error) {
      if (isTooManyConnections(error) || (isRefusedSilently(error) && this.places.inUse > 1)) {
        this.places.refused();
        this.#log.info(
          { server: this.number, connections: this.places.most },
          `${this.name} takes no more connections`,
        );
        throw new BusyServerError(describeFailure(this, error), error);
      }
      throw this.#failed(error, this.#reachability.answers > answers);
    }
  }

  release(connection: StorageConnection): void {
    this.#used.delete(connection);
    if (connection.lost) {
      this.#reachability.doubt();
      this.#mayHaveChanged();
    }
    const tooMany = this.#idle.isFull || this.#idle.count + this.places.inUse > this.places.most;
    if (connection.closed || this.#closing.signal.aborted || tooMany) connection.close();
    else this.#idle.keep(connection);
  }

  /** After a failed write: somebody may have removed the folders, or changed what the server can do. */
  doubt(error: unknown): void {
    this.folders.forget();
    this.condition.failedToWrite(isFull(error));
    // What else fails tells nothing of it, and a probe would only fail as well.
    if (!(error instanceof FTPError) || error.code < 500 || isFull(error)) return;
    this.capabilities.outdate();
    this.#idle.close(); // They still go by what was.
  }

  /** Runs one piece of work on a connection of its own. */
  use<T>(work: (connection: StorageConnection) => Promise<T>, priority?: 'urgent'): Promise<T> {
    return retryWhileBusy(() => this.#useOnce(work, priority));
  }

  /** Why it cannot be reached right now, or undefined when it answers. */
  async probe(): Promise<string | undefined> {
    const { failure } = this.#reachability;
    // With all places taken it is at work.
    if (failure === undefined && this.places.inUse >= this.places.most) return undefined;
    const giveBack = await this.places.reserveWithin(patienceForPlace);
    if (!giveBack) return this.#reachability.failure;
    try {
      await this.#useAt(giveBack, (connection) => connection.ping());
      return undefined;
    } catch (error) {
      return error instanceof BusyServerError && this.places.inUse > 0
        ? undefined
        : this.toFileSystemError(error).message;
    }
  }

  /** Why it is (still) down; undefined at once unless it has failed of late. */
  async whyDown(): Promise<string | undefined> {
    if (!this.isSuspect) return undefined;
    // One answer for all who ask meanwhile: a server may take a few connections only.
    this.#checking ??= this.probe().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  /** As {@link whyDown}, but never with an answer to somebody who asked earlier: the server may be back since. */
  async whyDownNow(): Promise<string | undefined> {
    await this.#checking;
    return this.whyDown();
  }

  /** What went wrong with this server, for the person at the client. */
  toFileSystemError(error: unknown): FileSystemError {
    if (error instanceof FileSystemError) return error;
    const kind = isFull(error) ? 'no-space' : 'unavailable';
    return new FileSystemError(kind, describeFailure(this, error), { cause: error });
  }

  /** Lets nobody in any more, and ends whatever is going on. */
  close(): void {
    this.#closing.abort(new Error('the coordinator is stopping'));
    this.#idle.close();
    for (const connection of this.#used) connection.close();
  }

  async #useOnce<T>(work: (connection: StorageConnection) => Promise<T>, priority?: 'urgent'): Promise<T> {
    return this.#useAt(await this.places.reserve(priority), work);
  }

  async #useAt<T>(giveBack: () => void, work: (connection: StorageConnection) => Promise<T>): Promise<T> {
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

  /** One that was used before and still lives. @throws FileSystemError of the guard */
  async #idleConnection(): Promise<StorageConnection | undefined> {
    for (;;) {
      const { isSuspect } = this;
      const idle = await this.#idle.take(isSuspect);
      // It answers, so the server is not down, whatever became of the last login.
      if (!idle) return undefined;
      if (!isSuspect) this.#used.add(idle);
      if (!isSuspect || (await this.#isWelcome(idle))) return idle;
      if (idle.lost) this.#mayHaveChanged();
    }
  }

  async #freshConnection(): Promise<StorageConnection> {
    const began = performance.now();
    const login = await this.#attempts.login(this.#reachability.silence !== undefined);
    this.promptness.loggedIn(performance.now() - began);
    try {
      const isDown = () => this.downSince !== undefined;
      const connection = login.connection(await this.capabilities.by(login, isDown));
      this.#closing.signal.throwIfAborted();
      await this.#welcome(connection);
      return connection;
    } catch (error) {
      login.close();
      throw error;
    }
  }

  /** Whether it lived until the guard had asked. @throws FileSystemError of the guard */
  async #isWelcome(idle: StorageConnection): Promise<boolean> {
    try {
      await this.#welcome(idle);
      return true;
    } catch (error) {
      if (error instanceof FileSystemError) throw error;
      return false; // A fresh connection will tell it better.
    }
  }

  /** Over this connection the server answers. @throws FileSystemError of the guard */
  async #welcome(connection: StorageConnection): Promise<void> {
    this.#used.add(connection);
    try {
      this.#closing.signal.throwIfAborted();
      await this.#guard.admit(connection);
    } catch (error) {
      this.#used.delete(connection);
      connection.close();
      throw error;
    }
    if (this.#reachability.answered()) this.#log.info({ server: this.number }, `${this.name} is back`);
  }

  /** @param answersOthers whether somebody else was let in meanwhile: then this attempt tells little of the server */
  #failed(error: unknown, answersOthers: boolean): FileSystemError {
    const failure = error instanceof FileSystemError ? error.message : describeFailure(this, error);
    if (answersOthers) this.#reachability.doubt();
    else {
      this.#mayHaveChanged();
      this.condition.failedToAnswer();
      const isNew = this.#reachability.failed(failure, isSilence(error));
      if (isNew) this.#log.warn({ server: this.number }, failure);
    }
    return new FileSystemError('unavailable', failure, { cause: error });
  }

  /** It may have been started again, with another folder. */
  #mayHaveChanged(): void {
    this.#guard.askAgain();
    this.folders.forget();
  }
}
