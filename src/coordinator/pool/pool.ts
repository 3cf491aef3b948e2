import type { StorageServerConfiguration } from '../../config/configuration.ts';
import { FileSystemError } from '../../ftp/file-system.ts';
import type { Log } from '../../log/log.ts';
import { waitForMost } from '../patience.ts';
import { BusyServerError, retryWhileBusy } from './busy-server.ts';
import type { StorageConnection } from './storage-connection.ts';
import { StorageServer } from './storage-server.ts';

/** The storage servers of this coordinator. */
export class Pool {
  readonly servers: readonly StorageServer[];
  readonly #byNumber: ReadonlyMap<number, StorageServer>;

  /** @param id names the pool, and its folder on every storage server */
  constructor(id: string, configurations: readonly StorageServerConfiguration[], log: Log) {
    this.servers = configurations.map((configuration) => new StorageServer(configuration, id, log));
    this.#byNumber = new Map(this.servers.map((server) => [server.number, server]));
  }

  /** @throws FileSystemError `unavailable` when the configuration no longer has that server */
  server(number: number): StorageServer {
    const server = this.#byNumber.get(number);
    if (!server) {
      throw new FileSystemError(
        'unavailable',
        `storage server ${number} holds a part but is not configured: set FTP_USER${number} and its other variables`,
      );
    }
    return server;
  }

  /**
   * Returns at once where enough of the servers have not failed of late; the others are asked meanwhile whether they
   * are back. Else waits for the answers.
   * @param needed how many must be up
   * @throws FileSystemError `unavailable` naming the servers that are down, when too few are up
   */
  async requireReachable(numbers: readonly number[], needed: number): Promise<void> {
    const suspects = numbers.map((number) => this.server(number)).filter(({ isSuspect }) => isSuspect);
    const answers = Promise.all(suspects.map((server) => server.whyDown()));
    if (numbers.length - suspects.length >= needed) return;
    const down = (await answers).filter((reason) => reason !== undefined);
    if (numbers.length - down.length < needed) throw new FileSystemError('unavailable', down.join('; '));
  }

  /** Asks those of the servers that have failed of late whether they are back, for the next who needs them. */
  recheck(numbers: readonly number[]): void {
    for (const number of numbers) void this.#byNumber.get(number)?.whyDown(); // It never rejects.
  }

  /** A connection to each of these servers, or the reason why there is none. */
  async connect(numbers: readonly number[], options: ConnectOptions = {}): Promise<PoolConnections> {
    const { needed = numbers.length } = options;
    const slow = numbers.filter((number) => this.#byNumber.get(number)?.promptness.standstill !== undefined);
    if (slow.length > 0 && numbers.length - slow.length >= needed) {
      const connections = await this.#connectBusy(numbers, slow, options);
      if (connections.lines.size >= needed) return connections;
      connections.release();
    }
    return this.#connectBusy(numbers, [], options);
  }

  /** Tries again for a while when servers take no more connections. */
  async #connectBusy(
    numbers: readonly number[],
    skipped: readonly number[],
    options: ConnectOptions,
  ): Promise<PoolConnections> {
    try {
      return await retryWhileBusy(async () => {
        const connections = await this.#connectOnce(numbers, skipped, options);
        const busy = [...connections.failures.values()].find((failure) => failure instanceof BusyServerError);
        if (!busy) return connections;
        connections.release();
        throw busy;
      });
    } catch (error) {
      if (error instanceof BusyServerError) return this.#connectOnce(numbers, skipped, options);
      throw error;
    }
  }

  async #connectOnce(
    numbers: readonly number[],
    skipped: readonly number[],
    { patience }: ConnectOptions,
  ): Promise<PoolConnections> {
    const places = new Map<number, () => void>();
    for (const number of numbers.filter((number) => !skipped.includes(number)).sort((a, b) => a - b)) {
      const place = await this.#byNumber.get(number)?.places.reserve();
      if (place) places.set(number, place);
    }
    const lines = new Map<number, PoolLine>();
    const failures = new Map<number, FileSystemError>();
    const jobs = numbers.map((number, index) => {
      const opening = new Opening(() => this.server(number), places.get(number), patience?.onGivenUp);
      const done = opening.line.then(
        (line) => void lines.set(index, line),
        (error: FileSystemError) => {
          failures.set(index, error);
          throw error;
        },
      );
      const { milliseconds = 0 } = patience ?? {};
      const own = this.#byNumber.get(number)?.promptness.patience(milliseconds) ?? milliseconds;
      return { done, giveUp: () => opening.giveUp(), patience: own };
    });
    // Without patience nobody is given up.
    await waitForMost(jobs, patience?.enough ?? jobs.length + 1);
    return new PoolConnections(lines, failures);
  }

  close(): void {
    for (const server of this.servers) server.close();
  }
}

export interface ConnectOptions {
  /** So many are enough: as long as there are as many, nobody waits for servers that stood still of late. */
  readonly needed?: number;
  /** When so many have let somebody in, the others have this many milliseconds left; without it as long as they take. */
  readonly patience?: {
    readonly enough: number;
    readonly milliseconds: number;
    readonly onGivenUp: (server: StorageServer) => void;
  };
}

/** A connection that is being opened; it can be given up, and then goes to others when it comes at last. */
class Opening {
  readonly line: Promise<PoolLine>;
  readonly #late = Promise.withResolvers<never>();

  /** @param giveBack of the place that is held; undefined when the server is not to be waited for */
  constructor(
    serverOf: () => StorageServer,
    giveBack: (() => void) | undefined,
    onGivenUp: (server: StorageServer) => void = () => {},
  ) {
    this.line = this.#open(serverOf, giveBack, onGivenUp);
  }

  giveUp(): void {
    this.#late.reject(new FileSystemError('unavailable', 'it does not answer'));
  }

  async #open(
    serverOf: () => StorageServer,
    giveBack: (() => void) | undefined,
    onGivenUp: (server: StorageServer) => void,
  ): Promise<PoolLine> {
    const server = serverOf();
    if (!giveBack)
      throw new FileSystemError('unavailable', server.promptness.standstill ?? `${server.name} stood still`);
    let isLate = false;
    const connecting = server.connect().then(
      (connection) => {
        if (!isLate) return connection;
        server.release(connection);
        giveBack();
        throw new Error('it was given up');
      },
      (error: unknown) => {
        giveBack();
        throw server.toFileSystemError(error);
      },
    );
    const late = this.#late.promise.catch(() => {
      isLate = true;
      onGivenUp(server);
      throw new FileSystemError('unavailable', `${server.name} does not answer`);
    });
    return { server, connection: await Promise.race([connecting, late]), giveBack };
  }
}

export interface PoolLine {
  readonly server: StorageServer;
  readonly connection: StorageConnection;
  readonly giveBack: () => void;
}

/** Connections to several storage servers, by their index among those asked for; held together, given back together. */
export class PoolConnections {
  readonly lines: ReadonlyMap<number, PoolLine>;
  /** Why there is no connection to the others. */
  readonly failures: ReadonlyMap<number, FileSystemError>;
  readonly #held: Set<PoolLine>;
  #isReleased = false;

  constructor(lines: ReadonlyMap<number, PoolLine>, failures: ReadonlyMap<number, FileSystemError>) {
    this.lines = lines;
    this.failures = failures;
    this.#held = new Set(lines.values());
  }

  /** Whether they are held, and somebody waits for a connection to one of their servers. */
  get wanted(): boolean {
    return [...this.#held].some(({ server }) => server.places.wanted);
  }

  /** Holds another one together with them. */
  add(line: PoolLine): void {
    if (!this.#isReleased) this.#held.add(line);
    else end(line);
  }

  /** Ends whatever is going on on one of them, and gives it back before the others. */
  drop(line: PoolLine): void {
    if (this.#held.delete(line)) end(line);
  }

  /** Lets others use the connections; those that are closed are thrown away. */
  release(): void {
    this.#isReleased = true;
    for (const line of this.#held) giveBack(line);
    this.#held.clear();
  }

  /** Ends whatever is going on on them, at once. */
  destroy(): void {
    this.#isReleased = true;
    for (const line of this.#held) end(line);
    this.#held.clear();
  }
}

function end(line: PoolLine): void {
  line.connection.close();
  giveBack(line);
}

function giveBack({ server, connection, giveBack }: PoolLine): void {
  server.release(connection);
  giveBack();
}
