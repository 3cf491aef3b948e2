import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../log/log.ts';
import type { Catalogue, GarbagePart } from '../catalogue/catalogue.ts';
import { crashPoint } from '../crash-point.ts';
import type { Pool } from '../pool/pool.ts';
import type { StorageConnection } from '../pool/storage-connection.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import { finalPartPath, temporaryPartPath } from '../segments/part-writer.ts';
import type { Leases } from './leases.ts';

/** Parts looked at in one round. */
const batch = 500;
/**
 * Parts removed on one connection, before another who waits for it has his turn; and that the catalogue forgets at once,
 * since each time waits for its disk.
 */
const removedAtOnce = 50;
/** Milliseconds until parts that could not be removed (server down, still read) are tried again. */
const retryAfter = 5_000;
/** Milliseconds in which garbage gathers: to look for it costs more than to remove it. */
const gatherMs = 100;

/**
 * Removes the parts of segments that no file refers to any more: replaced and deleted files, uploads that ended
 * without commit. The catalogue forgets a part only when its storage server has said that it is gone.
 */
export class Collector {
  readonly #catalogue: Catalogue;
  readonly #pool: Pool;
  readonly #leases: Leases;
  readonly #log: Log;
  #running: Promise<void> | undefined;
  #again = false;
  #retry: NodeJS.Timeout | undefined;
  readonly #stopping = new AbortController();

  constructor(catalogue: Catalogue, pool: Pool, leases: Leases, log: Log) {
    this.#catalogue = catalogue;
    this.#pool = pool;
    this.#leases = leases;
    this.#log = log;
  }

  /** Something became garbage, or may have become removable. Returns at once. */
  wake(): void {
    if (this.#stopped) return;
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#again) this.wake(); // It was called when the run had come to its end.
    });
  }

  /** Resolves when nothing is going on any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#retry);
    await this.#running;
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#stopped) {
      await this.#gather();
      if (this.#stopped) return;
      this.#again = false;
      clearTimeout(this.#retry);
      const whole = await Promise.all(this.#pool.servers.map((server) => this.#clean(server)));
      if (whole.includes(false)) this.#retry = setTimeout(() => this.wake(), retryAfter);
    }
  }

  async #gather(): Promise<void> {
    try {
      await delay(gatherMs, undefined, this.#stopping);
    } catch {
      // Stopped meanwhile.
    }
  }

  /** @returns false when something is left that could not be removed now */
  async #clean(server: StorageServer): Promise<boolean> {
    try {
      const strays = await this.#removeStrays(server);
      for (;;) {
        const parts = await this.#catalogue.garbage(server.number, batch);
        crashPoint('collect.listed');
        const removable = parts.filter(({ segment }) => !this.#leases.has(segment));
        if (removable.length === 0) return parts.length === 0 && strays;
        const removed = await this.#removeAll(server, removable);
        if (removed < removable.length) return false;
      }
    } catch (error) {
      this.#log.debug(
        { server: server.number, err: error },
        'old parts stay until their storage server is back',
      );
      return false;
    }
  }

  /** Files of parts that have moved away, or whose move has failed. @returns false when some are left */
  async #removeStrays(server: StorageServer): Promise<boolean> {
    const { upkeep, pool } = this.#catalogue;
    for (;;) {
      const strays = await upkeep.strays(server.number, removedAtOnce);
      const removable = strays.filter(({ segment }) => !this.#leases.has(segment));
      if (removable.length === 0) return strays.length === 0;
      const whole = await server.use(async (connection) => {
        for (const stray of removable) {
          // Whoever has begun to read it meanwhile goes on where it was.
          if (this.#stopped || this.#leases.has(stray.segment)) return false;
          const place = { pool, segment: stray.segment, index: stray.index };
          if (!(await connection.remove(temporaryPartPath(place)))) return false;
          if (!(await connection.remove(finalPartPath(place)))) return false;
          await upkeep.forgetStray(stray);
        }
        return true;
      });
      if (!whole) return false;
    }
  }

  /** @returns how many are gone */
  async #removeAll(server: StorageServer, parts: readonly GarbagePart[]): Promise<number> {
    let removed = 0;
    for (let at = 0; at < parts.length && !this.#stopped; at += removedAtOnce) {
      const some = parts.slice(at, at + removedAtOnce);
      removed += await server.use((connection) => this.#removeSome(connection, some));
    }
    return removed;
  }

  async #removeSome(connection: StorageConnection, parts: readonly GarbagePart[]): Promise<number> {
    const gone: GarbagePart[] = [];
    try {
      for (const part of parts) {
        if (this.#stopped) break;
        crashPoint('collect.removing');
        if (await this.#removePart(connection, part)) gone.push(part);
      }
    } finally {
      crashPoint('collect.removed');
      await this.#catalogue.forgetParts(gone);
      crashPoint('collect.forgotten');
    }
    return gone.length;
  }

  async #removePart(
    connection: StorageConnection,
    { segment, index, settled }: GarbagePart,
  ): Promise<boolean> {
    const place = { pool: this.#catalogue.pool, segment, index };
    if (!settled && !(await connection.remove(temporaryPartPath(place)))) return false;
    return connection.remove(finalPartPath(place));
  }
}
