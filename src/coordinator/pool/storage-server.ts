import { setTimeout as delay } from 'node:timers/promises';
import { FTPError } from 'basic-ftp';
import type { StorageServerConfiguration } from '../../config/configuration.ts';
import { FileSystemError } from '../../ftp/file-system.ts';
import type { Log } from '../../log/log.ts';
import { BusyServerError, retryWhileBusy } from './busy-server.ts';
import { type Capabilities, describeCapabilities } from './capabilities.ts';
import { ConnectionLimit } from './connection-limit.ts';
import { Login } from './login.ts';
import { ServerCondition } from './server-condition.ts';
import type { StorageConnection } from './storage-connection.ts';
import {
  describeFailure,
  isFull,
  isRefusedSilently,
  isSilence,
  isTooManyConnections,
} from './storage-failure.ts';

/** Control connections to one storage server at the same time; more work than that waits its turn. */
const bundledConnections = 24;
/** Others often allow a few only, to all their users together; what they refuse lowers it. */
const foreignConnections = 8;
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
/** Milliseconds for which others are preferred to a server that lagged behind or stood still. */
const slowInterval = 30_000;
/** Milliseconds until what a server could not be asked, since it took no file, is tried again. */
const unprovenInterval = 60_000;

/** One member of the pool: its connections, what it can do, and whether it can be reached. */
export class StorageServer {
  readonly number: number;
  /** `host:port` */
  readonly address: string;
  readonly condition = new ServerCondition();
  readonly #configuration: StorageServerConfiguration;
  readonly #folder: string;
  readonly #log: Log;
  readonly #limit: ConnectionLimit;
  readonly #idle: StorageConnection[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #folders = new Set<string>();
  #capabilities: Capabilities | undefined;
  #outdated = false;
  #probed = 0;
  #probing: Promise<Capabilities> | undefined;
  #inUse = 0;
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
  #slowUntil = 0;
  #stillUntil = 0;
  readonly #closing = new AbortController();

  /** @param folder the pool's, on every storage server */
  constructor(configuration: StorageServerConfiguration, folder: string, log: Log) {
    this.number = configuration.number;
    this.address = `${configuration.host}:${configuration.port}`;
    this.#configuration = configuration;
    this.#folder = folder;
    this.#log = log;
    this.#limit = new ConnectionLimit(configuration.connections ?? foreignConnections);
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
    return this.#capabilities ? describeCapabilities(this.#capabilities) : [];
  }

  /** How many control connections it is asked for at most, at present. */
  get connections(): number {
    return this.#limit.current(Date.now());
  }

  /**
   * Waits for a free place among the connections. Whoever needs places on several servers takes them in the order
   * of their numbers, so that two never wait for each other.
   * @param priority `urgent` for something short that somebody waits for, before all others: it gets one place more
   * where only habit says how many there are
   * @returns gives the place back
   */
  async reserve(priority?: 'urgent'): Promise<() => void> {
    if (priority === 'urgent' && this.#hasSparePlace) this.#inUse += 1;
    else {
      const admitted = new Promise<void>((admit) => {
        if (priority === 'urgent') this.#waiting.unshift(admit);
        else this.#waiting.push(admit);
      });
      this.#admit();
      await admitted;
    }
    let reserved = true;
    return () => {
      if (!reserved) return;
      reserved = false;
      this.#inUse -= 1;
      this.#admit();
    };
  }

  /** Whether somebody waits for a place. */
  get wanted(): boolean {
    return this.#waiting.length > 0;
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
    if (Date.now() < this.#slowUntil) return `${this.name} lags behind the others`;
    return this.standstill;
  }

  /** Why waiting for it is likely to be in vain: it did not answer the last time, or stood still in an upload of late. */
  get standstill(): string | undefined {
    if (this.#failure !== undefined && this.#silent) return this.#failure;
    return Date.now() < this.#stillUntil ? `${this.name} stood still a moment ago` : undefined;
  }

  /** A download went on with others, which were quicker. */
  lagged(): void {
    const known = this.slowness !== undefined;
    this.#doubtful = true;
    this.#slowUntil = Date.now() + slowInterval;
    if (!known) this.#log.warn({ server: this.number }, `${this.name} lags behind the others`);
  }

  /** An upload went on without it. */
  stoodStill(): void {
    this.lagged();
    this.#stillUntil = this.#slowUntil;
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

  get #hasSparePlace(): boolean {
    const configured = this.#configuration.connections !== undefined;
    return this.#inUse <= this.connections && !configured && !this.#limit.isLowered(Date.now());
  }

  /** It may have been started again, with another folder. */
  #mayHaveChanged(): void {
    this.#guarded = undefined;
    this.#folders.clear();
  }

  #admit(): void {
    const most = this.connections;
    while (this.#inUse < most) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#inUse += 1;
      next();
    }
  }

  /**
   * A working connection, for somebody who holds a place. Give it to {@link release} afterwards.
   * @throws BusyServerError when the server refuses that many; give back all places before trying again
   * @throws FileSystemError `unavailable`, at once or within seconds
   */
  async connect(): Promise<StorageConnection> {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (await isAlive(idle, this.#doubtful ? 0 : trustedIdle)) return idle;
      if (idle.lost) this.#mayHaveChanged();
      idle.close();
    }
    try {
      const login = await this.#login();
      try {
        const connection = login.connection(await this.#capabilitiesBy(login));
        this.#closing.signal.throwIfAborted();
        this.#guarded ??= this.#guard?.(connection);
        await this.#guarded;
        this.condition.answered();
        if (this.#failure !== undefined) this.#log.info({ server: this.number }, `${this.name} is back`);
        this.#failure = undefined;
        this.#silent = false;
        this.#doubtful = false;
        return connection;
      } catch (error) {
        login.close();
        throw error;
      }
    } catch (error) {
      if (isTooManyConnections(error) || (isRefusedSilently(error) && this.#inUse > 1)) {
        this.#limit.refused(this.#inUse, Date.now());
        this.#log.info(
          { server: this.number, connections: this.connections },
          `${this.name} takes no more connections`,
        );
        throw new BusyServerError(describeFailure(this, error), error);
      }
      throw this.#failed(error);
    }
  }

  release(connection: StorageConnection): void {
    if (connection.lost) {
      this.#doubtful = true;
      this.#mayHaveChanged();
    }
    const tooMany =
      this.#idle.length >= maximumIdleConnections || this.#idle.length + this.#inUse > this.connections;
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
    this.#outdated = true;
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
    if (this.#inUse >= this.connections) return this.#failure;
    try {
      await this.#useOnce((connection) => connection.ping());
      this.#doubtful = false;
      return undefined;
    } catch (error) {
      return error instanceof BusyServerError && this.#inUse > 0
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

  /** Known, or found out over this login; while that goes on, other logins wait for it. */
  async #capabilitiesBy(login: Login): Promise<Capabilities> {
    for (;;) {
      const known = this.#capabilities;
      const proven = known?.unproven === undefined || Date.now() - this.#probed < unprovenInterval;
      if (known && proven && !this.#outdated && this.#failure === undefined && login.has(known)) return known;
      if (!this.#probing) break;
      const found = await this.#probing.catch(() => undefined);
      if (found && login.has(found)) return found;
    }
    this.#probing = login.probe(this.#folder);
    try {
      const found = await this.#probing;
      this.#learned(found);
      return found;
    } catch (error) {
      // Without it the next connection has to do: what lies on the server must not wait for a write to it.
      const told = this.#capabilities ?? login.told;
      this.#learned({ ...told, unproven: describeFailure(this, error) });
      throw error;
    } finally {
      this.#probing = undefined;
    }
  }

  #learned(found: Capabilities): void {
    this.#capabilities = found;
    this.#outdated = false;
    this.#probed = Date.now();
    const usual = found.storesAtomically ? bundledConnections : foreignConnections;
    this.#limit.most = this.#configuration.connections ?? usual;
    this.#admit();
    const can = describeCapabilities(found).join(', ');
    this.#log.debug({ server: this.number, can, unproven: found.unproven }, `${this.name} was probed`);
  }

  #failed(error: unknown): FileSystemError {
    const failure = error instanceof FileSystemError ? error.message : describeFailure(this, error);
    this.#guarded = undefined;
    this.condition.refused();
    this.#silent = isSilence(error);
    if (failure !== this.#failure) this.#log.warn({ server: this.number }, failure);
    this.#failure = failure;
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
