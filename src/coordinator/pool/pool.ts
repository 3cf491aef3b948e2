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
   * Asks those of the servers that have failed of late whether they are back; the others are taken to be up.
   * @throws FileSystemError `unavailable` naming the first server that is down
   */
  async refuseIfDown(numbers: readonly number[]): Promise<void> {
    await Promise.all(numbers.map((number) => this.server(number).refuseIfDown()));
  }

  /**
   * A connection to each of these servers, or none.
   * @throws FileSystemError `unavailable` naming the first server that cannot be reached
   */
  connect(numbers: readonly number[]): Promise<PoolConnections> {
    return retryWhileBusy(() => this.#connectOnce(numbers));
  }

  async #connectOnce(numbers: readonly number[]): Promise<PoolConnections> {
    const servers = numbers.map((number) => this.server(number));
    const places = new Map<StorageServer, () => void>();
    for (const server of [...servers].sort((a, b) => a.number - b.number)) {
      places.set(server, await server.reserve());
    }
    const opened = await Promise.allSettled(servers.map((server) => server.connect()));
    const lines: PoolLine[] = [];
    let failure: unknown;
    for (const [index, server] of servers.entries()) {
      const result = opened[index];
      const giveBack = places.get(server) ?? (() => {});
      if (result?.status === 'fulfilled') lines.push({ server, connection: result.value, giveBack });
      else {
        if (failure === undefined || failure instanceof BusyServerError) failure = result?.reason;
        giveBack();
      }
    }
    const connections = new PoolConnections(lines);
    if (failure === undefined) return connections;
    connections.release();
    throw failure;
  }

  close(): void {
    for (const server of this.servers) server.close();
  }
}

export interface PoolLine {
  readonly server: StorageServer;
  readonly connection: StorageConnection;
  readonly giveBack: () => void;
}

/** Connections to several storage servers, held together and given back together. */
export class PoolConnections {
  readonly lines: readonly PoolLine[];
  #held = true;

  constructor(lines: readonly PoolLine[]) {
    this.lines = lines;
  }

  /** Whether they are held, and somebody waits for a connection to one of their servers. */
  get wanted(): boolean {
    return this.#held && this.lines.some(({ server }) => server.wanted);
  }

  /** Lets others use the connections; those that are closed are thrown away. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    for (const { server, connection, giveBack } of this.lines) {
      server.release(connection);
      giveBack();
    }
  }

  /** Ends whatever is going on on them, at once. */
  destroy(): void {
    if (!this.#held) return;
    for (const { connection } of this.lines) connection.close();
    this.release();
  }
}
