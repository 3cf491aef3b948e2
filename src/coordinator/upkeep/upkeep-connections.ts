import { setTimeout as delay } from 'node:timers/promises';
import type { PoolLine } from '../pool/pool-connections.ts';
import type { StorageServer } from '../pool/storage-server.ts';

/** Milliseconds for which transfers may wait for a connection that upkeep holds. */
const patience = 1_000;
/** Milliseconds between two looks at whether somebody waits. */
const interval = 250;

/** Transfers need the connections: the work is to be given up and done again later. */
export class YieldedError extends Error {
  constructor() {
    super('transfers need the connections');
  }
}

/** A place among a storage server's connections, and the connection there; another one after it broke. */
export class UpkeepLine {
  readonly server: StorageServer;
  readonly #giveBack: () => void;
  #line: PoolLine | undefined;

  constructor(server: StorageServer, giveBack: () => void) {
    this.server = server;
    this.#giveBack = giveBack;
  }

  /** A connection that does nothing else. @throws FileSystemError `unavailable` */
  async open(): Promise<PoolLine> {
    if (this.#line && !this.#line.connection.closed) return this.#line;
    this.#drop();
    const connection = await this.server.connect();
    this.#line = { server: this.server, connection, giveBack: this.#giveBack };
    return this.#line;
  }

  /** Ends what is going on on the connection. */
  interrupt(): void {
    this.#line?.connection.close();
    this.#drop();
  }

  release(): void {
    this.#drop();
    this.#giveBack();
  }

  #drop(): void {
    if (this.#line) this.server.release(this.#line.connection);
    this.#line = undefined;
  }
}

/** Upkeep's places on several storage servers, taken and given back together. */
export class UpkeepConnections {
  /** As they were asked for. */
  readonly lines: readonly UpkeepLine[];
  readonly #stopping: AbortSignal;
  readonly #ending = new AbortController();
  readonly #watch: NodeJS.Timeout;
  readonly #stop = () => {
    this.#ending.abort(this.#stopping.reason);
    this.#interrupt();
  };

  private constructor(lines: readonly UpkeepLine[], stopping: AbortSignal) {
    this.lines = lines;
    this.#stopping = stopping;
    stopping.addEventListener('abort', this.#stop);
    if (stopping.aborted) this.#stop();
    this.#watch = setInterval(() => {
      if (lines.some(({ server }) => server.places.wantedFor > patience))
        this.#ending.abort(new YieldedError());
    }, interval);
  }

  /** Aborts when the work is to end: with a {@link YieldedError} when transfers have been waiting for too long. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /**
   * Waits for a place on each server, in the order of their numbers as everybody does.
   * @param signal ends whatever is going on on the connections, so that nobody waits for a server that does not answer
   * @param servers one may be there twice
   * @throws YieldedError when a server has no second place now: who waited for it would keep the first one
   */
  static async take(servers: readonly StorageServer[], signal: AbortSignal): Promise<UpkeepConnections> {
    const lines: UpkeepLine[] = [];
    const held: UpkeepLine[] = [];
    const order = [...servers.entries()].sort(([, a], [, b]) => a.number - b.number);
    for (const [position, server] of order) {
      const isSecond = held.at(-1)?.server === server;
      const giveBack = isSecond ? server.places.tryReserve() : await server.places.reserve();
      if (!giveBack) {
        for (const line of held) line.release();
        throw new YieldedError();
      }
      const line = new UpkeepLine(server, giveBack);
      lines[position] = line;
      held.push(line);
    }
    return new UpkeepConnections(lines, signal);
  }

  /** @param broken whether something may still be going on on the connections */
  release(broken: boolean): void {
    clearInterval(this.#watch);
    this.#stopping.removeEventListener('abort', this.#stop);
    if (broken) this.#interrupt();
    for (const line of this.lines) line.release();
  }

  #interrupt(): void {
    for (const line of this.lines) line.interrupt();
  }
}

/** After a {@link YieldedError}. @throws the signal's reason */
export async function restAfterYield(signal: AbortSignal): Promise<void> {
  await delay(patience, undefined, { signal });
}
