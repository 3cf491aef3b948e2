import type { SegmentToRepair, StoredPart } from '../catalogue/catalogue.ts';
import type { Placement } from '../placement/placement.ts';
import type { Pool } from '../pool/pool.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import type { PartSource } from './segment-rebuild.ts';
import type { ServerWatch } from './server-watch.ts';

/** With fewer connections to a server, none is spent on reading a damaged part from where it is to be replaced. */
const connectionsToSpare = 8;

export interface RepairPlanParts {
  readonly pool: Pool;
  readonly placement: Placement;
  readonly watch: ServerWatch;
  /** Milliseconds for which a server must be down before its missing parts are made on others. */
  readonly relocateMs: number;
}

/** Decides where missing parts of segments are made again, and what from, by what is known of the servers now. */
export class RepairPlan {
  readonly #parts: RepairPlanParts;

  constructor(parts: RepairPlanParts) {
    this.#parts = parts;
  }

  /** Where each missing part shall be made, and why some cannot be made now. */
  targets({ segment }: SegmentToRepair): {
    readonly targets: readonly PartSource[];
    readonly reasons: readonly string[];
  } {
    const reasons: string[] = [];
    const targets: PartSource[] = [];
    const taken = segment.parts.map(({ server }) => server);
    const isNeeded = this.#storedSources(segment.parts).length < segment.layout.dataParts;
    for (const [index, part] of segment.parts.entries()) {
      if (part.stored) continue;
      const server = this.#targetOf(segment.id, part, taken, isNeeded && part.bytes > 0);
      if (typeof server === 'string') reasons.push(server);
      else {
        targets.push({ index, server });
        taken.push(server.number);
      }
    }
    return { targets, reasons };
  }

  /** Stored parts on servers that are up; behind them what is left of the damaged ones. */
  sources({ segment }: SegmentToRepair, targets: readonly PartSource[]): PartSource[] {
    const { pool, watch } = this.#parts;
    const damaged: PartSource[] = [];
    for (const [index, part] of segment.parts.entries()) {
      const server = pool.servers.find(({ number }) => number === part.server);
      if (part.stored || !server || !watch.isUp(part.server) || part.bytes === 0) continue;
      const isReplaced = targets.some((target) => target.server === server);
      // What is overwritten while it is read gives nothing.
      const isReadable = !isReplaced || keepsWhileReplaced(server);
      if (isReadable) damaged.push({ index, server });
    }
    return [...this.#storedSources(segment.parts), ...damaged];
  }

  /** Whether making that part destroys what may be left of it before the new one is whole. */
  overwrites({ segment }: SegmentToRepair, { index, server }: PartSource): boolean {
    const part = segment.parts[index];
    return part?.server === server.number && part.bytes > 0 && !server.capabilities.replacesSafely;
  }

  /** Why a segment that has so few sources cannot be repaired now. */
  tooFewSources({ segment, path }: SegmentToRepair): string {
    const { pool, watch } = this.#parts;
    const { dataParts } = segment.layout;
    const stored = segment.parts.filter((part) => part.stored);
    if (stored.length < dataParts)
      return `${path} is lost: ${stored.length} of its parts are left, ${dataParts} are needed`;
    const down = stored.filter(({ server }) => !watch.isUp(server)).map(({ server }) => server);
    const names = pool.servers.filter(({ number }) => down.includes(number)).map(({ name }) => name);
    return `${path} waits for ${names.join(' and ')}`;
  }

  #storedSources(parts: readonly StoredPart[]): PartSource[] {
    const { pool, watch } = this.#parts;
    return [...parts.entries()].flatMap(([index, part]) => {
      const server = pool.servers.find(({ number }) => number === part.server);
      return part.stored && part.bytes > 0 && server && watch.isUp(part.server) ? [{ index, server }] : [];
    });
  }

  /**
   * @param isNeeded what is left of the part at its place may be needed as a source
   * @returns why not now, where there is none
   */
  #targetOf(
    segment: string,
    part: StoredPart,
    taken: readonly number[],
    isNeeded: boolean,
  ): StorageServer | string {
    const { pool, watch, placement, relocateMs } = this.#parts;
    const home = pool.servers.find(({ number }) => number === part.server);
    const keeps = isNeeded && home !== undefined && !keepsWhileReplaced(home);
    if (home && !keeps && watch.takesParts(home.number) && watch.isUp(home.number)) return home;
    const name = home?.name ?? `storage server ${part.server}`;
    const downSince = home?.downSince;
    const waits =
      home &&
      downSince !== undefined &&
      Date.now() - downSince < relocateMs &&
      !watch.isDraining(part.server);
    if (waits) return `${name} is down: its parts are made elsewhere when it stays away`;
    const other = placement.replacement(segment, taken);
    const server = pool.servers.find(({ number }) => number === other);
    if (server && watch.isUp(server.number)) return server;
    if (home && watch.isUp(home.number)) {
      if (watch.isFull(home.number)) return `${name} is full, and no other one is free`;
      if (keeps)
        return `${name} cannot replace a file while what is left of it is read (it takes too few connections, or no renaming over a file), and no other one is free`;
    }
    return `${name} is down or draining, and there is no other one for its parts`;
  }
}

/** Whether what is left of a damaged part can be read while its new file is written. */
function keepsWhileReplaced({ places, capabilities }: StorageServer): boolean {
  return places.most >= connectionsToSpare && capabilities.replacesSafely;
}
