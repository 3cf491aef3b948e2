import { FileSystemError } from '../../ftp/file-system.ts';
import type { Log } from '../../log/log.ts';
import type { RepairReport } from '../../site/reports.ts';
import type { Catalogue, FinishedPart, SegmentToRepair } from '../catalogue/catalogue.ts';
import { crashPoint } from '../crash-point.ts';
import type { Placement } from '../placement/placement.ts';
import type { Pool } from '../pool/pool.ts';
import type { Budget } from './budget.ts';
import type { Leases } from './leases.ts';
import { checkPart } from './part-check.ts';
import { RepairPlan } from './repair-plan.ts';
import type { SegmentClaims } from './segment-claims.ts';
import { type PartSource, type RebuildResult, rebuildParts } from './segment-rebuild.ts';
import type { ServerWatch } from './server-watch.ts';
import { restAfterYield, YieldedError } from './upkeep-connections.ts';
import { Worker } from './worker.ts';

/** Segments repaired at the same time; with so many, small parts on servers far away do not take for ever. */
const lanes = 3;
/** Milliseconds between two looks at the queue when it is empty. */
const interval = 2_000;
/**
 * Milliseconds until a segment that could not be repaired is tried again, doubled each time up to the longest, unless a
 * server comes back before.
 */
const firstPostponement = 2_000;
const longestPostponement = 120_000;

export interface UpkeepParts {
  readonly catalogue: Catalogue;
  readonly pool: Pool;
  readonly placement: Placement;
  readonly watch: ServerWatch;
  readonly leases: Leases;
  readonly claims: SegmentClaims;
  readonly budget: Budget;
  readonly log: Log;
  /** There is something to remove. */
  readonly onGarbage: () => void;
}

export interface RepairerParts extends UpkeepParts {
  /** Milliseconds for which a server must be down before its missing parts are made on others. */
  readonly relocateMs: number;
}

/**
 * Works off the repair queue, the most endangered segments first: makes missing parts again from `k` others, where they
 * were, or on other servers when theirs stays away.
 */
export class Repairer {
  readonly #parts: RepairerParts;
  readonly #plan: RepairPlan;
  readonly #worker: Worker;
  /** By segment: why it was postponed, and for how long the last time. */
  readonly #postponed = new Map<string, { readonly reason: string; readonly pause: number }>();
  #repairedParts = 0;
  #repairedBytes = 0;

  constructor(parts: RepairerParts) {
    this.#parts = parts;
    this.#plan = new RepairPlan(parts);
    this.#worker = new Worker('repair', interval, parts.log, (signal) => this.#round(signal));
  }

  /** There may be something to repair. */
  wake(): void {
    if (!this.#parts.budget.isNothing) this.#worker.wake();
  }

  /** Tries at once also what was postponed. */
  async tryAgain(): Promise<void> {
    await this.#parts.catalogue.upkeep.postponeNone();
    this.wake();
  }

  stop(): Promise<void> {
    return this.#worker.stop();
  }

  async report(): Promise<RepairReport> {
    const { catalogue, budget } = this.#parts;
    const missing = [...(await catalogue.upkeep.missing()).values()];
    const parts = missing.reduce((sum, each) => sum + each.parts, 0);
    const [due] = await catalogue.missingParts(1);
    if (parts === 0) this.#postponed.clear();
    const [waits] = this.#postponed.values();
    const reason = budget.isNothing ? 'FTP_UPKEEP_RATE is 0' : waits?.reason;
    return {
      kind: 'repair',
      state: parts === 0 ? 'idle' : due && !budget.isNothing ? 'running' : 'waiting',
      parts,
      bytes: missing.reduce((sum, each) => sum + each.bytes, 0),
      repairedParts: this.#repairedParts,
      repairedBytes: this.#repairedBytes,
      ...(parts > 0 && reason !== undefined && { reason }),
    };
  }

  async #round(signal: AbortSignal): Promise<boolean> {
    const tasks = await this.#parts.catalogue.missingParts(lanes * 4);
    const waiting = [...tasks];
    const lane = async () => {
      for (let task = waiting.shift(); task && !signal.aborted; task = waiting.shift()) {
        await this.#repair(task.segment.id, signal);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return tasks.length > 0;
  }

  async #repair(id: string, signal: AbortSignal): Promise<void> {
    const { catalogue, leases, claims, log, onGarbage } = this.#parts;
    const endLease = leases.take([id]);
    try {
      const reasons = await claims.run(id, async () => {
        const task = await catalogue.upkeep.segment(id);
        return task ? this.#repairParts(task, signal) : [];
      });
      if (reasons.length === 0) this.#postponed.delete(id);
      else await this.#postpone(id, reasons.join('; '));
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof YieldedError) {
        await restAfterYield(signal).catch(() => undefined); // It is stopping.
        return;
      }
      const reason = error instanceof FileSystemError ? error.message : 'an unexpected error, see the log';
      log.warn({ segment: id, err: error }, 'a segment could not be repaired');
      await this.#postpone(id, reason);
    } finally {
      endLease();
      onGarbage();
    }
  }

  /** @returns why some of its parts are still missing */
  async #repairParts(task: SegmentToRepair, signal: AbortSignal): Promise<string[]> {
    const { targets, reasons } = this.#plan.targets(task);
    const found = await this.#stillThere(task, targets, signal);
    const rest = targets.filter(({ index }) => !found.includes(index));
    if (rest.length === 0) return [...reasons];
    return [...reasons, ...(await this.#make(task, rest, signal))];
  }

  /** Makes parts and says so in the catalogue. @returns why some of them are still missing */
  async #make(task: SegmentToRepair, targets: readonly PartSource[], signal: AbortSignal): Promise<string[]> {
    const { catalogue, budget } = this.#parts;
    const { segment } = task;
    const sources = this.#plan.sources(task, targets);
    if (sources.length < segment.layout.dataParts) return [this.#plan.tooFewSources(task)];
    const moving: PartSource[] = [];
    const possible: PartSource[] = [];
    for (const target of targets) {
      const home = segment.parts[target.index]?.server;
      if (home !== target.server.number) {
        if (!(await catalogue.upkeep.beginMove(segment.id, target.index, target.server.number))) continue;
        moving.push(target);
      }
      possible.push(target);
    }
    if (possible.length === 0) return ['an old file has to be removed first'];
    crashPoint('repair.begun');
    const options = { pool: catalogue.pool, task, sources, targets: possible, budget, signal };
    if (possible.some((target) => this.#plan.overwrites(task, target))) {
      // What is overwritten may hold blocks that are wrong in the sources, too.
      const { damaged, failures } = await rebuildParts({ ...options, isRehearsal: true });
      await this.#noteDamaged(task, damaged);
      if (damaged.size > 0 || failures.size > 0) return reasonsIn(failures, damaged);
    }
    const result = await rebuildParts(options);
    crashPoint('repair.rebuilt');
    await this.#noteDamaged(task, result.damaged);
    for (const target of possible) {
      const part = result.stored.get(target.index);
      const home = segment.parts[target.index]?.server;
      if (!part || home === undefined) continue;
      await this.#commit(task, target, home, part, moving.includes(target));
    }
    return reasonsIn(result.failures);
  }

  /** Sources that turned out to be damaged are to be repaired, too. */
  async #noteDamaged({ segment, path }: SegmentToRepair, damaged: RebuildResult['damaged']): Promise<void> {
    const { catalogue, log } = this.#parts;
    for (const [index, failure] of damaged) {
      const server = segment.parts[index]?.server;
      if (server === undefined) continue;
      log.warn({ segment: segment.id, path }, failure.message);
      await catalogue.markPartMissing(segment.id, index, server);
    }
  }

  async #commit(
    { segment, path }: SegmentToRepair,
    { index, server }: PartSource,
    home: number,
    part: FinishedPart,
    moved: boolean,
  ): Promise<void> {
    const { catalogue, log } = this.#parts;
    const counts = moved
      ? await catalogue.upkeep.finishMove(segment.id, index, home, server.number, part)
      : await catalogue.markPartStored(segment.id, index, server.number, part);
    if (!counts) return; // The file is gone.
    crashPoint('repair.recorded');
    this.#repairedParts += 1;
    this.#repairedBytes += part.bytes;
    log.info({ segment: segment.id, index, path, server: server.number, moved }, 'a part was rebuilt');
  }

  /**
   * Of a segment that has lost too many parts to make others from, maybe one has come back, with a disk or a server: it
   * counts when every byte of it is right.
   * @returns indices of the parts
   */
  async #stillThere(
    task: SegmentToRepair,
    targets: readonly PartSource[],
    signal: AbortSignal,
  ): Promise<number[]> {
    const { segment } = task;
    const { catalogue, budget, log } = this.#parts;
    const stored = segment.parts.filter((part) => part.stored).length;
    if (stored >= segment.layout.dataParts) return [];
    const found: number[] = [];
    for (const { index, server } of targets) {
      const part = segment.parts[index];
      if (part?.server !== server.number || part.bytes === 0) continue;
      const { state } = await checkPart({
        pool: catalogue.pool,
        segment,
        index,
        server,
        pace: budget,
        signal,
      });
      if (state !== 'right') continue;
      await catalogue.markPartStored(segment.id, index, server.number, part);
      log.info(
        { segment: segment.id, index, path: task.path, server: server.number },
        'a missing part is there again',
      );
      found.push(index);
    }
    return found;
  }

  async #postpone(segment: string, reason: string): Promise<void> {
    const last = this.#postponed.get(segment)?.pause;
    const pause = last === undefined ? firstPostponement : Math.min(last * 2, longestPostponement);
    this.#postponed.set(segment, { reason, pause });
    await this.#parts.catalogue.upkeep.postpone(segment, new Date(Date.now() + pause));
  }
}

function reasonsIn(...failures: readonly ReadonlyMap<number, FileSystemError>[]): string[] {
  return [...new Set(failures.flatMap((each) => [...each.values()].map(({ message }) => message)))];
}
