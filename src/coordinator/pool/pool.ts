import { setTimeout as delay } from 'node:timers/promises';
import type { StorageServerConfiguration } from '../../config/configuration.ts';
import { FileSystemError } from '../../ftp/file-system.ts';
import type { Log } from '../../log/log.ts';
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

  /**
   * A connection to each of these servers, or the reason why there is none.
   * @param needed how many are enough: as long as there are as many, nobody waits for a server that is slow of late
   * @param patience milliseconds after which a server is given up that has not let anybody in; without it as many as
   * its own time-outs take
   */
  async connect(
    numbers: readonly number[],
    needed = numbers.length,
    patience?: number,
  ): Promise<PoolConnections> {
    const slow = numbers.filter((number) => this.#byNumber.get(number)?.slowness !== undefined);
    const skipped = numbers.length - slow.length >= needed ? slow : [];
    try {
      return await retryWhileBusy(async () => {
        const connections = await this.#connectOnce(numbers, skipped, patience);
        const busy = [...connections.failures.values()].find((failure) => failure instanceof BusyServerError);
        if (!busy) return connections;
        connections.release();
        throw busy;
      });
    } catch (error) {
      if (error instanceof BusyServerError) return this.#connectOnce(numbers, skipped, patience);
      throw error;
    }
  }

  async #connectOnce(
    numbers: readonly number[],
    skipped: readonly number[],
    patience: number | undefined,
  ): Promise<PoolConnections> {
    const places = new Map<number, () => void>();
    for (const number of numbers.filter((number) => !skipped.includes(number)).sort((a, b) => a - b)) {
      const place = await this.#byNumber.get(number)?.reserve();
      if (place) places.set(number, place);
    }
    const lines = new Map<number, PoolLine>();
    const failures = new Map<number, FileSystemError>();
    const connect = async (number: number, index: number) => {
      const giveBack = places.get(number);
      try {
        const server = this.server(number);
        if (!giveBack) throw new FileSystemError('unavailable', server.slowness ?? `${server.name} was slow`);
        lines.set(index, {
          server,
          connection: await connectWithin(server, patience, giveBack),
          giveBack,
        });
      } catch (error) {
        if (!(error instanceof SlowServerError)) giveBack?.();
        const reason = String(error);
        failures.set(
          index,
          error instanceof FileSystemError ? error : new FileSystemError('unavailable', reason),
        );
      }
    };
    await Promise.all(numbers.map(connect));
    return new PoolConnections(lines, failures);
  }

  close(): void {
    for (const server of this.servers) server.close();
  }
}

/** It still tries to let somebody in; the place among its connections stays taken until that is decided. */
class SlowServerError extends FileSystemError {}

async function connectWithin(
  server: StorageServer,
  patience: number | undefined,
  giveBack: () => void,
): Promise<StorageConnection> {
  const connecting = server.connect();
  if (patience === undefined) return connecting;
  const late = new AbortController();
  try {
    const winner = await Promise.race([connecting, delay(patience, undefined, { signal: late.signal })]);
    if (winner) return winner;
  } finally {
    late.abort();
  }
  server.lagged();
  connecting
    .then(
      (connection) => server.release(connection),
      () => undefined,
    ) // The server has noted its own failure.
    .finally(giveBack);
  throw new SlowServerError('unavailable', `${server.name} does not answer`);
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
  #held = true;

  constructor(lines: ReadonlyMap<number, PoolLine>, failures: ReadonlyMap<number, FileSystemError>) {
    this.lines = lines;
    this.failures = failures;
  }

  /** Whether they are held, and somebody waits for a connection to one of their servers. */
  get wanted(): boolean {
    return this.#held && [...this.lines.values()].some(({ server }) => server.wanted);
  }

  /** Lets others use the connections; those that are closed are thrown away. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    for (const { server, connection, giveBack } of this.lines.values()) {
      server.release(connection);
      giveBack();
    }
  }

  /** Ends whatever is going on on them, at once. */
  destroy(): void {
    if (!this.#held) return;
    for (const { connection } of this.lines.values()) connection.close();
    this.release();
  }
}
