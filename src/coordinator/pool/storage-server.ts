import { setTimeout as delay } from 'node:timers/promises';
import { FTPError } from 'basic-ftp';
import type { StorageServerConfiguration } from '../../config/configuration.ts';
import { FileSystemError } from '../../ftp/file-system.ts';
import type { Log } from '../../log/log.ts';
import { BusyServerError, retryWhileBusy } from './busy-server.ts';
import { describeCapabilities } from './capabilities.ts';
import { ConnectionPlaces } from './connection-places.ts';
import { KnownCapabilities } from './known-capabilities.ts';
import { Login } from './login.ts';
import { Promptness } from './promptness.ts';
import { RefusedLogin } from './refused-login.ts';
import { ServerCondition } from './server-condition.ts';
import type { StorageConnection } from './storage-connection.ts';
import {
  describeFailure,
  isFull,
  isLoginRefused,
  isRefusedSilently,
  isSilence,
  isTooManyConnections,
} from './storage-failure.ts';

const maximumIdleConnections = 6;
/** Milliseconds a connection may have been idle before it is asked whether it still lives. */
const trustedIdle = 5_000;
const connectTimeout = 5_000;
/** For a server that did not answer a moment ago: nobody should wait long again to be told so. */
const reconnectTimeout = 1_000;
/** Milliseconds after which a server that did not answer gets the whole time again. */
const patienceInterval = 15_000;
/** Milliseconds that a server may take to notice that an earlier connection has ended. */
const farewell = 250;

/** One member of the pool: its connections, what it can do, and whether it can be reached. */
export class StorageServer {
  readonly number: number;
  /** `host:port` */
  readonly address: string;
  readonly condition = new ServerCondition();
  readonly promptness = new Promptness();
  readonly #configuration: StorageServerConfiguration;
  readonly #log: Log;
  readonly #places: ConnectionPlaces;
  readonly #capabilities: KnownCapabilities;
  readonly #idle: StorageConnection[] = [];
  readonly #folders = new Set<string>();
  /** How often somebody was let in. */
  #welcomes = 0;
  #failure: string | undefined;
  /** It was waited for in vain, the last time. */
  #silent = false;
  #patient = 0;
  /** A connection has been lost since the last one was made. */
  #doubtful = false;
  #checking: Promise<string | undefined> | undefined;
  #guard: ((connection: StorageConnection) => Promise<void>) | undefined;
  /** The guard's answer, as long as no connection was lost since. */
  #guarded: Promise<void> | undefined;
  readonly #refusedLogin = new RefusedLogin();
  readonly #closing = new AbortController();

  /** @param folder the pool's, on every storage server */
  constructor(configuration: StorageServerConfiguration, folder: string, log: Log) {
    this.number = configuration.number;
    this.address = `${configuration.host}:${configuration.port}`;
    this.#configuration = configuration;
    this.#log = log;
    this.#places = new ConnectionPlaces(configuration.connections);
    this.#capabilities = new KnownCapabilities(this, folder, log, ({ storesAtomically }) =>
      this.#places.learn(storesAtomically),
    );
  }

  /** Failure domain: of two servers with the same one, none or both are taken to survive. */
  get domain(): string {
    return this.#configuration.domain ?? `server ${this.number}`;
  }

  /** Bytes of parts that it may hold; undefined where that was not set. */
  get capacity(): number | undefined {
    return this.#configuration.capacity;
  }

  /**
   * From now on this is called with the first connection, and with the first one after each that was lost, before
   * anybody else gets one: what it throws makes the server one that is down, with that reason.
   */
  guard(check: (connection: StorageConnection) => Promise<void>): void {
    this.#guard = check;
    this.checkAgain();
  }

  /** The next connection is a first one for the guard. */
  checkAgain(): void {
    this.#mayHaveChanged();
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  /** How messages call it. */
  get name(): string {
    return `storage server ${this.number} (${this.address})`;
  }

  /** What it can do, in words, as far as it was found out. */
  get capabilities(): string[] {
    const { known } = this.#capabilities;
    return known ? describeCapabilities(known) : [];
  }

  /** Whether an upload over an existing file destroys that before it is whole, as far as is known. */
  get writesInPlace(): boolean {
    const { known } = this.#capabilities;
    return known === undefined || (!known.storesAtomically && !known.rename);
  }

  /** How many control connections it is asked for at most, at present. */
  get connections(): number {
    return this.#places.most;
  }

  /**
   * Waits for a free place among the connections. Whoever needs places on several servers takes them in the order
   * of their numbers, so that two never wait for each other.
   * @param priority `urgent` for something short that somebody waits for, before all others: it gets one place more
   * where only habit says how many there are
   * @returns gives the place back
   */
  reserve(priority?: 'urgent'): Promise<() => void> {
    return this.#places.reserve(priority);
  }

  /** As {@link reserve}, without waiting; undefined when no place is free. */
  tryReserve(): (() => void) | undefined {
    return this.#places.tryReserve();
  }

  /** Whether somebody waits for a place. */
  get wanted(): boolean {
    return this.#places.wanted;
  }

  /** Whether it could not be reached the last time. */
  get isDown(): boolean {
    return this.#failure !== undefined;
  }

  /** Whether it has failed of late, so that it had better be asked. */
  get isSuspect(): boolean {
    return this.isDown || this.#doubtful;
  }

  /** Why others are to be read from first: it did not answer the last time, or lagged behind of late. */
  get slowness(): string | undefined {
    if (this.promptness.lagsBehind) return `${this.name} lags behind the others`;
    return this.standstill;
  }

  /** Why waiting for it is likely to be in vain: it did not answer the last time, or stood still in an upload of late. */
  get standstill(): string | undefined {
    if (this.#failure !== undefined && this.#silent) return this.#failure;
    return this.promptness.standsStill ? `${this.name} stood still a moment ago` : undefined;
  }

  /** A download went on with others, which were quicker. */
  lagged(): void {
    const known = this.slowness !== undefined;
    this.#doubtful = true;
    this.promptness.lagged();
    if (!known) this.#log.warn({ server: this.number }, `${this.name} lags behind the others`);
  }

  /** An upload went on without it. */
  stoodStill(): void {
    this.lagged();
    this.promptness.stoodStill();
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

  /** It may have been started again, with another folder. */
  #mayHaveChanged(): void {
    this.#guarded = undefined;
    this.#folders.clear();
  }

  /**
   * A working connection, for somebody who holds a place. Give it to {@link release} afterwards.
   * @throws BusyServerError when the server refuses that many; give back all places before trying again
   * @throws FileSystemError `unavailable`, at once or within seconds
   */
  async connect(): Promise<StorageConnection> {
    const welcomes = this.#welcomes;
    try {
      const idle = await this.#idleConnection();
      if (idle) return idle;
      const login = await this.#login();
      try {
        const connection = login.connection(await this.#capabilities.by(login, () => this.isDown));
        this.#closing.signal.throwIfAborted();
        await this.#welcome(connection);
        return connection;
      } catch (error) {
        login.close();
        throw error;
      }
    } catch (error) {
      if (isTooManyConnections(error) || (isRefusedSilently(error) && this.#places.inUse > 1)) {
        this.#places.refused();
        this.#log.info(
          { server: this.number, connections: this.connections },
          `${this.name} takes no more connections`,
        );
        throw new BusyServerError(describeFailure(this, error), error);
      }
      throw this.#failed(error, this.#welcomes > welcomes);
    }
  }

  release(connection: StorageConnection): void {
    if (connection.lost) {
      this.#doubtful = true;
      this.#mayHaveChanged();
    }
    const tooMany =
      this.#idle.length >= maximumIdleConnections ||
      this.#idle.length + this.#places.inUse > this.connections;
    if (connection.closed || this.#closing.signal.aborted || tooMany) connection.close();
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

  /** After a failed write: somebody may have removed the folders, or changed what the server can do. */
  doubt(error: unknown): void {
    this.#folders.clear();
    this.condition.failedToWrite(isFull(error));
    // What else fails tells nothing of it, and a probe would only fail as well.
    if (!(error instanceof FTPError) || error.code < 500 || isFull(error)) return;
    this.#capabilities.outdate();
    for (const connection of this.#idle.splice(0)) connection.close(); // They still go by what was.
  }

  /** Runs one piece of work on a connection of its own. */
  use<T>(work: (connection: StorageConnection) => Promise<T>, priority?: 'urgent'): Promise<T> {
    return retryWhileBusy(() => this.#useOnce(work, priority));
  }

  async #useOnce<T>(work: (connection: StorageConnection) => Promise<T>, priority?: 'urgent'): Promise<T> {
    const giveBack = await this.reserve(priority);
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
    // With all places taken it is at work, or its failure was just seen: waiting would tell nothing new.
    if (this.#places.inUse >= this.connections) return this.#failure;
    try {
      await this.#useOnce((connection) => connection.ping());
      this.#doubtful = false;
      return undefined;
    } catch (error) {
      return error instanceof BusyServerError && this.#places.inUse > 0
        ? undefined
        : this.toFileSystemError(error).message;
    }
  }

  /** What went wrong with this server, for the person at the client. */
  toFileSystemError(error: unknown): FileSystemError {
    if (error instanceof FileSystemError) return error;
    const kind = isFull(error) ? 'no-space' : 'unavailable';
    return new FileSystemError(kind, describeFailure(this, error), { cause: error });
  }

  close(): void {
    this.#closing.abort(new Error('the coordinator is stopping'));
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  async #login(): Promise<Login> {
    this.#refusedLogin.throwIfEarly(performance.now());
    try {
      const login = await this.#tryLogin();
      this.#refusedLogin.accepted();
      return login;
    } catch (error) {
      if (isLoginRefused(error)) this.#refusedLogin.refused(error, performance.now());
      throw error;
    }
  }

  async #tryLogin(): Promise<Login> {
    const now = Date.now();
    const patient = !this.#silent || now - this.#patient > patienceInterval;
    if (patient) this.#patient = now;
    const whole = (this.#configuration.timeout ?? connectTimeout / 1000) * 1000;
    const timeout = patient ? whole : Math.min(whole, reconnectTimeout);
    try {
      return await Login.open(this.#configuration, timeout, this.#closing.signal);
    } catch (error) {
      if (!isTooManyConnections(error) && !isRefusedSilently(error)) throw error;
      await delay(farewell, undefined, { signal: this.#closing.signal });
      return Login.open(this.#configuration, timeout, this.#closing.signal);
    }
  }

  /** One that was used before and still lives. @throws FileSystemError of the guard */
  async #idleConnection(): Promise<StorageConnection | undefined> {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      const isSuspect = this.isSuspect;
      if (await isAlive(idle, isSuspect ? 0 : trustedIdle)) {
        // It answers, so the server is not down, whatever became of the last login.
        if (!isSuspect || (await this.#isWelcome(idle))) return idle;
      }
      if (idle.lost) this.#mayHaveChanged();
      idle.close();
    }
    return undefined;
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
    try {
      this.#guarded ??= this.#guard?.(connection);
      await this.#guarded;
    } catch (error) {
      this.#guarded = undefined;
      connection.close();
      throw error;
    }
    this.#welcomes += 1;
    this.condition.answered();
    if (this.#failure !== undefined) this.#log.info({ server: this.number }, `${this.name} is back`);
    this.#failure = undefined;
    this.#silent = false;
    this.#doubtful = false;
  }

  /** @param answersOthers whether somebody else was let in meanwhile: then this attempt tells little of the server */
  #failed(error: unknown, answersOthers: boolean): FileSystemError {
    const failure = error instanceof FileSystemError ? error.message : describeFailure(this, error);
    if (answersOthers) this.#doubtful = true;
    else {
      this.#mayHaveChanged();
      this.condition.refused();
      this.#silent = isSilence(error);
      if (failure !== this.#failure) this.#log.warn({ server: this.number }, failure);
      this.#failure = failure;
    }
    return new FileSystemError('unavailable', failure, { cause: error });
  }
}

/** @param trusted milliseconds of idleness after which it is asked */
async function isAlive(connection: StorageConnection, trusted: number): Promise<boolean> {
  if (connection.closed) return false;
  if (connection.idle < trusted) return true;
  try {
    await connection.ping();
    return true;
  } catch {
    return false; // Whatever the reason, a fresh connection will tell it better.
  }
}
