import { FileSystemError } from '../../ftp/file-system.ts';
import type { Log } from '../../log/log.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { newerRecord } from '../journal/newer-records.ts';
import type { Pool } from '../pool/pool.ts';
import { identify, mark, poolsOn } from '../pool/server-identity.ts';
import type { StorageConnection } from '../pool/storage-connection.ts';
import type { StorageServer } from '../pool/storage-server.ts';

/** Milliseconds between two questions to servers that are down, and to all. */
const defaultTimes = { downMs: 3_000, allMs: 60_000 };
/** A server with fewer free bytes gets no new parts. */
const leastFree = 64 * 1024 * 1024;

export interface ServerWatchParts {
  readonly catalogue: Catalogue;
  readonly pool: Pool;
  readonly log: Log;
  /** A server answers that did not, or that was not asked before; or it may have room again. */
  readonly onBack: (server: StorageServer) => void;
  /** A server has nothing of what it should have: its folder is new. */
  readonly onEmpty: (server: StorageServer) => Promise<void>;
  readonly times?: Partial<typeof defaultTimes>;
}

/** Which storage servers are up, whose folder each has, how much room, and which of them are to be emptied. */
export class ServerWatch {
  readonly #parts: ServerWatchParts;
  readonly #times: typeof defaultTimes;
  readonly #free = new Map<number, number>();
  readonly #stored = new Map<number, number>();
  readonly #strange = new Map<number, string>();
  readonly #known = new Set<number>();
  readonly #full = new Set<number>();
  /** Why no server is used: the catalogue is behind what they know. */
  #olderCatalogue: string | undefined;
  #draining: ReadonlySet<number> = new Set();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #lookedAtAll = 0;
  #stopped = false;

  constructor(parts: ServerWatchParts) {
    this.#parts = parts;
    this.#times = { ...defaultTimes, ...parts.times };
    for (const server of parts.pool.servers) server.guard((connection) => this.#meet(server, connection));
  }

  async start(): Promise<void> {
    await this.#forgetDrained();
    this.#draining = new Set(await this.#parts.catalogue.upkeep.draining());
    this.#look();
  }

  /** Resolves when nothing is going on any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  isUp(number: number): boolean {
    return this.#known.has(number) && this.#server(number)?.downSince === undefined;
  }

  /** Numbers of the servers that are up. */
  get reachable(): number[] {
    return this.#parts.pool.servers.map(({ number }) => number).filter((number) => this.isUp(number));
  }

  /** How many storage servers are not to be emptied. */
  get staying(): number {
    return this.#parts.pool.servers.filter(({ number }) => !this.isDraining(number)).length;
  }

  isDraining(number: number): boolean {
    return this.#draining.has(number);
  }

  isFull(number: number): boolean {
    const free = this.free(number);
    return (free !== undefined && free < leastFree) || this.#server(number)?.condition.isFull === true;
  }

  /** Whether it shall get new parts. One that was not asked yet is taken to be up. */
  takesParts(number: number): boolean {
    const isDown = this.#server(number)?.downSince !== undefined;
    return !isDown && !this.isDraining(number) && !this.isFull(number);
  }

  /** Why nothing is done on it though it answers; undefined for all others. */
  strangeness(number: number): string | undefined {
    return this.#strange.get(number);
  }

  /** Bytes; undefined where nobody can tell. */
  free(number: number): number | undefined {
    const capacity = this.#server(number)?.capacity;
    const left = capacity === undefined ? undefined : Math.max(0, capacity - (this.#stored.get(number) ?? 0));
    const told = this.#free.get(number);
    return left === undefined || told === undefined ? (left ?? told) : Math.min(left, told);
  }

  /** Bytes of parts on it, when it was last looked. */
  stored(number: number): number {
    return this.#stored.get(number) ?? 0;
  }

  async setDraining(number: number, draining: boolean): Promise<void> {
    await this.#parts.catalogue.upkeep.setDraining(number, draining);
    this.#draining = new Set(await this.#parts.catalogue.upkeep.draining());
  }

  /** Asks all servers for their space, and those that failed whether they are back. */
  async lookAtAll(): Promise<void> {
    const { catalogue, pool, log } = this.#parts;
    const stored = await catalogue.upkeep.partSums();
    for (const { number } of pool.servers) this.#stored.set(number, stored.get(number)?.bytes ?? 0);
    await Promise.all(
      pool.servers.map(async (server) => {
        if (server.places.wanted) return; // It is up, and its connections are needed for transfers.
        try {
          const free = await server.use((connection) => connection.freeBytes());
          if (free === undefined) this.#free.delete(server.number);
          else {
            if (free >= leastFree && (this.#free.get(server.number) ?? free) < leastFree)
              server.condition.hasRoom();
            this.#free.set(server.number, free);
          }
        } catch (error) {
          log.debug({ server: server.number, err: error }, `${server.name} does not tell its free space`);
        }
      }),
    );
  }

  /** One that was emptied and then removed: the next server of its number is another one. */
  async #forgetDrained(): Promise<void> {
    const { upkeep } = this.#parts.catalogue;
    for (const number of await upkeep.draining()) {
      if (!this.#server(number) && !(await upkeep.uses(number))) await upkeep.setDraining(number, false);
    }
  }

  #server(number: number): StorageServer | undefined {
    return this.#parts.pool.servers.find((server) => server.number === number);
  }

  #look(): void {
    this.#looking = this.#lookOnce().finally(() => {
      if (!this.#stopped) this.#timer = setTimeout(() => this.#look(), this.#times.downMs);
    });
  }

  async #lookOnce(): Promise<void> {
    const { pool, log } = this.#parts;
    try {
      if (Date.now() - this.#lookedAtAll >= this.#times.allMs) {
        this.#lookedAtAll = Date.now();
        await this.lookAtAll();
      } else {
        const down = pool.servers.filter(({ number }) => !this.isUp(number));
        await Promise.all(down.map((server) => server.probe())); // A failure is logged by the server.
      }
      this.#noteFull();
    } catch (error) {
      log.error({ err: error }, 'the storage servers could not be looked at');
    }
  }

  /** Sees which servers are not full any more. */
  #noteFull(): void {
    for (const server of this.#parts.pool.servers) {
      if (this.isFull(server.number)) this.#full.add(server.number);
      else if (this.#full.delete(server.number)) this.#parts.onBack(server);
    }
  }

  /** The guard of every server. @throws FileSystemError when its folder is not the one that it must be */
  async #meet(server: StorageServer, connection: StorageConnection): Promise<void> {
    const { catalogue, onBack, onEmpty, log } = this.#parts;
    const identity = await identify(connection, catalogue.pool);
    if (identity.kind === 'marked' && identity.server !== server.number) {
      const whose = identity.server === 0 ? 'something else' : `storage server ${identity.server}`;
      const reason = `${server.name} is not used: its folder belongs to ${whose}; check FTP_SERVER${server.number}, FTP_PORT${server.number} and its folder, or remove the file server.json in its folder ${catalogue.pool} if it is right`;
      this.#refuse(server, reason);
    }
    await this.#refuseOlderCatalogue(server, connection);
    this.#strange.delete(server.number);
    if (identity.kind === 'unmarked') await this.#warnOfOthers(server, connection);
    if (identity.kind === 'unmarked' && (await mark(connection, catalogue.pool, server.number))) {
      const stored = await catalogue.upkeep.partSums();
      if (!identity.parts && stored.has(server.number)) {
        log.warn({ server: server.number }, `${server.name} is empty: its parts will be rebuilt`);
        await onEmpty(server);
      }
    }
    const wasAway = !this.#known.has(server.number) || server.downSince !== undefined;
    this.#known.add(server.number);
    if (wasAway) onBack(server);
  }

  /**
   * What such a catalogue does not know of would be removed, and its records would take the place of newer ones. Each
   * server has only some of the records: what one of them tells holds for all.
   */
  async #refuseOlderCatalogue(server: StorageServer, connection: StorageConnection): Promise<void> {
    const { catalogue, pool } = this.#parts;
    if (!this.#olderCatalogue && !this.#known.has(server.number)) {
      const newer = await newerRecord(connection, catalogue.pool, catalogue.journal);
      if (newer) {
        this.#olderCatalogue = `storage server ${server.number} has changes up to record ${newer.found}, and the catalogue only up to ${newer.known}: it is an older copy, or another coordinator uses the pool, too. If it is a copy, stop the coordinator, move catalogue.sqlite* out of its folder (FTP_SERVER_DIR) and make the catalogue anew with "splitftp rebuild"`;
        for (const other of pool.servers) other.checkAgain();
      }
    }
    if (this.#olderCatalogue) this.#refuse(server, `${server.name} is not used: ${this.#olderCatalogue}`);
  }

  #refuse(server: StorageServer, reason: string): never {
    this.#strange.set(server.number, reason);
    throw new FileSystemError('unavailable', reason);
  }

  /** Coordinators may share a storage server; but more often one of them has lost its catalogue. */
  async #warnOfOthers(server: StorageServer, connection: StorageConnection): Promise<void> {
    const { catalogue, log } = this.#parts;
    for (const pool of (await poolsOn(connection)).filter((name) => name !== catalogue.pool)) {
      log.warn(
        { server: server.number },
        `${server.name} holds pool ${pool} as well: if its catalogue was lost, stop the coordinator, move its catalogue away and use "splitftp rebuild"`,
      );
    }
  }
}
