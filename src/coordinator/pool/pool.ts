import type { StorageServerConfiguration } from '../../config/configuration.ts';
import { FileSystemError } from '../../ftp/file-system.ts';
import type { Log } from '../../log/log.ts';
import { type Job, waitForMost } from '../patience.ts';
import { BusyServerError, retryWhileBusy } from './busy-server.ts';
import { Opening } from './opening.ts';
import { OpeningRace, OpeningTimes, type Runner } from './opening-race.ts';
import { PoolConnections, type PoolLine } from './pool-connections.ts';
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
    if (numbers.length - suspects.length >= needed) {
      this.recheck(numbers);
      return;
    }
    const answers = await Promise.all(suspects.map((server) => server.whyDownNow()));
    const down = answers.filter((reason) => reason !== undefined);
    if (numbers.length - down.length < needed) throw new FileSystemError('unavailable', down.join('; '));
  }

  /** Asks those of the servers that have failed of late whether they are back, for the next who needs them. */
  recheck(numbers: readonly number[]): void {
    for (const number of numbers) void this.#byNumber.get(number)?.whyDown(); // It never rejects.
  }

  /**
   * A connection to each of these servers, or the reason why there is none: then perhaps one to a spare server, whose
   * index counts on from those of the others. A server that has neither was not waited for any longer.
   */
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
        const busy = numbers
          .map((_, index) => connections.failures.get(index))
          .find((failure) => failure instanceof BusyServerError);
        if (!busy || connections.lines.size === numbers.length) return connections;
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
    { patience, spares = [] }: ConnectOptions,
  ): Promise<PoolConnections> {
    const places = new Map<number, () => void>();
    for (const number of numbers.filter((number) => !skipped.includes(number)).sort((a, b) => a - b)) {
      const place = await this.#byNumber.get(number)?.places.reserve();
      if (place) places.set(number, place);
    }
    const lines = new Map<number, PoolLine>();
    const failures = new Map<number, FileSystemError>();
    const times = new OpeningTimes(numbers.length);
    const standIns = this.#openAnyOf(spares, numbers.length);
    const jobs: Job[] = [];
    for (const [index, number] of numbers.entries()) {
      const server = this.#byNumber.get(number);
      const giveBack = places.get(number);
      if (!server || !giveBack) {
        failures.set(index, this.#whyNot(number));
        continue;
      }
      const race = new OpeningRace({
        first: { index, opening: new Opening(server, giveBack) },
        times,
        another: () => standIns.next().value,
        onFailure: (index, error) => failures.set(index, error),
        onOvertaken: (milliseconds) => server.promptness.overtaken(milliseconds),
      });
      const { milliseconds = 0, onGivenUp } = patience ?? {};
      jobs.push({
        done: race.winner.then(({ index, line }) => void lines.set(index, line)),
        giveUp: () => {
          if (race.awaitsFirst) onGivenUp?.(server);
          race.giveUp();
        },
        patience: server.promptness.loginPatience(milliseconds),
      });
    }
    // Without patience nobody is given up.
    await waitForMost(jobs, patience?.enough ?? jobs.length + 1);
    return new PoolConnections(lines, failures);
  }

  /**
   * Connections that are opened as they are asked for, each to another server, for those who hold some already: only
   * where a place is free, so that no two of them can wait for each other.
   * @param first index of the first of these servers
   */
  *#openAnyOf(numbers: readonly number[], first: number): Generator<Runner, undefined> {
    for (const [position, number] of numbers.entries()) {
      const server = this.#byNumber.get(number);
      const giveBack = server?.places.tryReserve();
      if (giveBack && server) yield { index: first + position, opening: new Opening(server, giveBack) };
    }
    return undefined;
  }

  /** Why nobody even tries to connect to a server. */
  #whyNot(number: number): FileSystemError {
    try {
      const { name, promptness } = this.server(number);
      return new FileSystemError('unavailable', promptness.standstill ?? `${name} stood still`);
    } catch (error) {
      if (error instanceof FileSystemError) return error;
      throw error;
    }
  }

  close(): void {
    for (const server of this.servers) server.close();
  }
}

export interface ConnectOptions {
  /** So many are enough: as long as there are as many, nobody waits for servers that stood still of late. */
  readonly needed?: number;
  /** Servers that may stand in for one that fails, or is late: asked beside it, where they have a place free. */
  readonly spares?: readonly number[];
  /** When so many have let somebody in, the others have this many milliseconds left; without it as long as they take. */
  readonly patience?: {
    readonly enough: number;
    readonly milliseconds: number;
    readonly onGivenUp: (server: StorageServer) => void;
  };
}
