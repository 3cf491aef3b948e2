import type { Log } from '../../log/log.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { PartOnServer, PartPlace } from '../catalogue/upkeep-catalogue.ts';
import type { Pool } from '../pool/pool.ts';
import type { StorageConnection } from '../pool/storage-connection.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import { finalPartPath } from '../segments/part-writer.ts';
import type { ServerWatch } from './server-watch.ts';
import { Worker } from './worker.ts';

/** Milliseconds between two inventories of a server, between two looks for one that is due, and until an orphan goes. */
const defaultTimes = { everyMs: 24 * 3_600_000, intervalMs: 600_000, graceMs: 24 * 3_600_000 };
const partName = /^([0-9a-f]{32})\.(0|[1-9]\d?)(?:\.partial)?$/;

export interface InventoryParts {
  readonly catalogue: Catalogue;
  readonly pool: Pool;
  readonly watch: ServerWatch;
  readonly log: Log;
  /** Parts are missing that were thought to be there. */
  readonly onMissing: () => void;
  /** There is something to remove. */
  readonly onGarbage: () => void;
  readonly times?: Partial<typeof defaultTimes>;
}

export interface InventoryResult {
  readonly missing: number;
  readonly orphans: number;
  readonly removed: number;
}

/**
 * Compares the lists of what is on the storage servers with the catalogue, once a day. A part that is not there is
 * missing; a file that nothing is known of is removed when it has been seen for a day. Only on servers that are up and
 * whose folder is known to be theirs.
 */
export class Inventory {
  readonly #parts: InventoryParts;
  readonly #times: typeof defaultTimes;
  readonly #worker: Worker;
  readonly #last = new Map<number, number>();

  constructor(parts: InventoryParts) {
    this.#parts = parts;
    this.#times = { ...defaultTimes, ...parts.times };
    const { intervalMs } = this.#times;
    this.#worker = new Worker('the inventory', intervalMs, parts.log, (signal) => this.#round(signal));
  }

  wake(): void {
    this.#worker.wake();
  }

  stop(): Promise<void> {
    return this.#worker.stop();
  }

  /** @throws FileSystemError when the server cannot be reached, or is not the one that it must be */
  async take(server: StorageServer, signal: AbortSignal): Promise<InventoryResult> {
    server.checkAgain(); // Its folder may be another one by now.
    const result = { missing: 0, orphans: 0, removed: 0 };
    const seen = new Set<string>();
    for (let prefix = 0; prefix < 256 && !signal.aborted; prefix++) {
      const folder = prefix.toString(16).padStart(2, '0');
      // A place for each: all of them take a while, in which transfers may need the only connection there is.
      await server.use((connection) => this.#compare(server, connection, folder, seen, result));
    }
    if (!signal.aborted) await this.#forgetGone(server, seen);
    this.#last.set(server.number, Date.now());
    if (result.missing > 0) this.#parts.onMissing();
    if (result.removed > 0) this.#parts.onGarbage();
    return result;
  }

  async #round(signal: AbortSignal): Promise<boolean> {
    const { pool, watch, log } = this.#parts;
    for (const server of pool.servers) {
      const last = this.#last.get(server.number) ?? 0;
      if (signal.aborted || !watch.isUp(server.number) || Date.now() - last < this.#times.everyMs) continue;
      try {
        const result = await this.take(server, signal);
        log.debug(
          { server: server.number, ...result },
          `what is on ${server.name} was compared with the catalogue`,
        );
      } catch (error) {
        if (signal.aborted) return false;
        log.warn({ server: server.number, err: error }, `what is on ${server.name} could not be listed`);
      }
    }
    return false;
  }

  async #compare(
    server: StorageServer,
    connection: StorageConnection,
    folder: string,
    seen: Set<string>,
    result: { missing: number; orphans: number; removed: number },
  ): Promise<void> {
    const { catalogue } = this.#parts;
    const expected = await catalogue.upkeep.partsBeginning(server.number, folder);
    const entries = await connection.entries(`${catalogue.pool}/${folder}`);
    const names = new Set(entries.filter(({ isFolder }) => !isFolder).map(({ name }) => name));
    for (const part of expected) {
      if (names.has(`${part.segment}.${part.index}`)) continue;
      if (await this.#isMissing(server, connection, part)) result.missing += 1;
    }
    for (const name of names) {
      const [, segment, index] = partName.exec(name) ?? [];
      if (segment === undefined || !segment.startsWith(folder)) continue; // Not of ours: it stays.
      const place = { segment, index: Number(index), server: server.number };
      if (await catalogue.upkeep.knows(place)) continue;
      const path = `${folder}/${name}`;
      seen.add(path);
      result.orphans += 1;
      if (await this.#giveUpOrphan(place, path)) result.removed += 1;
    }
  }

  async #isMissing(
    server: StorageServer,
    connection: StorageConnection,
    part: PartOnServer,
  ): Promise<boolean> {
    const { catalogue, log } = this.#parts;
    const { segment, index } = part;
    // The list may be older than the part, or be short of it.
    if ((await connection.size(finalPartPath({ pool: catalogue.pool, segment, index }))) !== undefined)
      return false;
    if (!(await catalogue.markPartMissing(segment, index, server.number))) return false;
    server.condition.failedToKeep();
    log.warn({ segment, index, server: server.number }, 'a part is not on its storage server any more');
    return true;
  }

  /** @returns whether its time had come */
  async #giveUpOrphan(place: PartPlace, path: string): Promise<boolean> {
    const { catalogue, log } = this.#parts;
    const { server } = place;
    const since = await catalogue.upkeep.seeOrphan(server, path);
    if (Date.now() - since.getTime() < this.#times.graceMs) return false;
    if (!(await catalogue.upkeep.giveUpOrphan(place, path))) return false;
    log.info({ server, path }, 'a file is removed that no part of the catalogue is in');
    return true;
  }

  async #forgetGone(server: StorageServer, seen: ReadonlySet<string>): Promise<void> {
    const { upkeep } = this.#parts.catalogue;
    for (const path of await upkeep.orphans(server.number)) {
      if (!seen.has(path)) await upkeep.forgetOrphan(server.number, path);
    }
  }
}
