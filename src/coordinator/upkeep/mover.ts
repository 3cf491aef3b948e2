import { FileSystemError } from '../../ftp/file-system.ts';
import type { RebalanceReport } from '../../site/reports.ts';
import type { FinishedPart, SegmentToRepair } from '../catalogue/catalogue.ts';
import type { PartPlace } from '../catalogue/upkeep-catalogue.ts';
import { crashPoint } from '../crash-point.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import { copyPart } from './part-copy.ts';
import type { UpkeepParts } from './repairer.ts';
import { rebuildParts } from './segment-rebuild.ts';
import { restAfterYield, YieldedError } from './upkeep-connections.ts';
import { Worker } from './worker.ts';

/** Milliseconds between two looks for something to move when there is nothing. */
const interval = 5_000;
/** Parts, or segments, looked at in one round. */
const batch = 50;
const cursorNote = 'rebalance';

export interface MoverParts extends UpkeepParts {
  /** Milliseconds for which a server must be down before its parts are made again on others. */
  readonly relocateMs: number;
}

/**
 * Moves parts: away from servers that are draining or stay away, and, when somebody has asked for it, to where they
 * would be placed today. A part is copied, or made from others where its server is down, and verified before its old
 * file is removed.
 */
export class Mover {
  readonly #parts: MoverParts;
  readonly #worker: Worker;
  readonly #started = Date.now();
  /** Where the look through a draining server's parts is, by its number. */
  readonly #after = new Map<number, PartPlace>();
  /** Grows each time that somebody begins or ends a rebalance: whatever was going on for an earlier one ends. */
  #rebalances = 0;
  /** Why not everything could be moved away in the last look through a server's parts, by its number. */
  readonly #stuck = new Map<number, string>();
  #reason: string | undefined;
  #checkedSegments = 0;
  #movedParts = 0;
  #movedBytes = 0;

  constructor(parts: MoverParts) {
    this.#parts = parts;
    this.#worker = new Worker('moving parts', interval, parts.log, (signal) => this.#round(signal));
  }

  wake(): void {
    if (!this.#parts.budget.isNothing) this.#worker.wake();
  }

  stop(): Promise<void> {
    return this.#worker.stop();
  }

  async startRebalance(): Promise<void> {
    this.#rebalances += 1;
    this.#checkedSegments = 0;
    this.#movedParts = 0;
    this.#movedBytes = 0;
    await this.#parts.catalogue.upkeep.setNote(cursorNote, '0');
    this.wake();
  }

  /** What is being moved at this moment is moved to its end. */
  async stopRebalance(): Promise<void> {
    this.#rebalances += 1;
    await this.#parts.catalogue.upkeep.setNote(cursorNote, undefined);
  }

  /** Why a server that is to be emptied still has parts; undefined while nothing stands against it. */
  whyStuck(number: number): string | undefined {
    return this.#parts.budget.isNothing ? 'FTP_UPKEEP_RATE is 0' : this.#stuck.get(number);
  }

  async report(): Promise<RebalanceReport> {
    const { upkeep } = this.#parts.catalogue;
    const isWanted = (await upkeep.note(cursorNote)) !== undefined;
    const waits = this.#parts.budget.isNothing ? 'FTP_UPKEEP_RATE is 0' : this.#reason;
    return {
      kind: 'rebalance',
      state: isWanted ? (waits === undefined ? 'running' : 'waiting') : 'idle',
      segments: await upkeep.liveSegments(),
      checkedSegments: this.#checkedSegments,
      movedParts: this.#movedParts,
      movedBytes: this.#movedBytes,
      ...(waits !== undefined && { reason: waits }),
    };
  }

  async #round(signal: AbortSignal): Promise<boolean> {
    this.#reason = undefined;
    const { catalogue } = this.#parts;
    for (const number of (await catalogue.upkeep.partSums()).keys()) {
      if (this.#isToBeEmptied(number) && (await this.#drain(number, signal))) return true;
    }
    const rebalance = this.#rebalances;
    const cursor = await catalogue.upkeep.note(cursorNote);
    return cursor !== undefined && this.#rebalance(rebalance, Number(cursor), signal);
  }

  /** Whether it is draining, or so long down or out of the configuration that its parts had better be elsewhere. */
  #isToBeEmptied(number: number): boolean {
    const { pool, watch, relocateMs } = this.#parts;
    if (watch.isDraining(number)) return true;
    const server = pool.servers.find((each) => each.number === number);
    const since = server ? server.downSince : this.#started;
    return since !== undefined && watch.strangeness(number) === undefined && Date.now() - since >= relocateMs;
  }

  /** @returns whether to go on at once */
  async #drain(number: number, signal: AbortSignal): Promise<boolean> {
    const { catalogue, placement } = this.#parts;
    const parts = await catalogue.upkeep.partsOn(number, this.#after.get(number), batch);
    const ofOthers = this.#reason;
    this.#reason = undefined;
    for (const place of parts) {
      signal.throwIfAborted();
      if (!this.#isToBeEmptied(number)) {
        this.#after.delete(number);
        this.#stuck.delete(number);
        return true; // Somebody wants it to stay, or it is back.
      }
      await this.#change(place.segment, signal, async (task) => {
        const { parts } = task.segment;
        if (parts[place.index]?.server !== number) return;
        const others = parts.map(({ server }) => server);
        const to = placement.replacement(place.segment, others);
        if (to === undefined)
          this.#reason = `there is no other storage server for the parts of storage server ${number}: add one, or give the files a layout with fewer parts (splitftp convert /)`;
        else await this.#move(task, place.index, to, signal);
      });
      this.#after.set(number, place);
    }
    if (this.#reason === undefined) this.#stuck.delete(number);
    else this.#stuck.set(number, this.#reason);
    this.#reason ??= ofOthers;
    if (parts.length < batch) this.#after.delete(number); // What could not be moved is tried again later.
    return parts.length === batch;
  }

  /**
   * @param rebalance of {@link #rebalances}
   * @returns whether to go on at once
   */
  async #rebalance(rebalance: number, cursor: number, signal: AbortSignal): Promise<boolean> {
    const { catalogue, placement } = this.#parts;
    const tasks = await catalogue.upkeep.segmentsAfter(cursor, batch);
    for (const task of tasks) {
      signal.throwIfAborted();
      await this.#change(task.segment.id, signal, async (current) => {
        const { id, parts } = current.segment;
        const here = parts.map(({ server }) => server);
        const ideal = placement.ideal(id, parts.length);
        const come = ideal.filter((number) => !here.includes(number));
        const leave = [...parts.entries()].filter(([, part]) => part.stored && !ideal.includes(part.server));
        for (const [position, [index]] of leave.entries()) {
          const to = come[position];
          if (to !== undefined) await this.#move(current, index, to, signal);
        }
      });
      if (rebalance !== this.#rebalances) return true;
      this.#checkedSegments += 1;
      await catalogue.upkeep.setNote(cursorNote, String(task.sequence));
    }
    if (tasks.length < batch && rebalance === this.#rebalances) await this.stopRebalance();
    return tasks.length === batch;
  }

  /** Moves parts of a segment that nobody else is writing parts of. */
  async #change(
    segment: string,
    signal: AbortSignal,
    work: (task: SegmentToRepair) => Promise<void>,
  ): Promise<void> {
    const { catalogue, claims } = this.#parts;
    for (;;) {
      try {
        await claims.run(segment, async () => {
          const task = await catalogue.upkeep.segment(segment);
          if (task) await work(task);
        });
        return;
      } catch (error) {
        if (!(error instanceof YieldedError)) throw error;
        this.#reason = 'transfers come first';
        await restAfterYield(signal);
      }
    }
  }

  async #move(task: SegmentToRepair, index: number, toNumber: number, signal: AbortSignal): Promise<void> {
    const { catalogue, pool, leases, watch, log, onGarbage } = this.#parts;
    const { segment, path } = task;
    const part = segment.parts[index];
    const to = pool.servers.find(({ number }) => number === toNumber);
    if (!part?.stored || !to || !watch.isUp(to.number)) return;
    const from = part.server;
    const endLease = leases.take([segment.id]);
    try {
      if (!(await catalogue.upkeep.beginMove(segment.id, index, to.number))) return;
      crashPoint('move.begun');
      const written = await this.#write(task, index, from, to, signal);
      crashPoint('move.copied');
      if (await catalogue.upkeep.finishMove(segment.id, index, from, to.number, written)) {
        crashPoint('move.recorded');
        this.#movedParts += 1;
        this.#movedBytes += written.bytes;
        log.info({ segment: segment.id, index, path, from, to: to.number }, 'a part was moved');
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof FileSystemError)) throw error;
      this.#reason = error.message;
      log.warn({ segment: segment.id, path, err: error }, 'a part could not be moved');
      if (error.kind === 'damaged') await catalogue.markPartMissing(segment.id, index, from);
    } finally {
      endLease();
      onGarbage();
    }
  }

  /**
   * Copies the part, or makes it from others where its server is down.
   * @throws FileSystemError `damaged` only when the part itself is
   */
  async #write(
    task: SegmentToRepair,
    index: number,
    fromNumber: number,
    to: StorageServer,
    signal: AbortSignal,
  ): Promise<FinishedPart> {
    const { catalogue, pool, budget, watch } = this.#parts;
    const from = pool.servers.find(({ number }) => number === fromNumber);
    if (from && watch.isUp(fromNumber)) {
      return copyPart({ pool: catalogue.pool, task, index, from, to, budget, signal });
    }
    const { parts, layout } = task.segment;
    const sources = [...parts.entries()].flatMap(([other, part]) => {
      const server = pool.servers.find(({ number }) => number === part.server);
      return other !== index && part.stored && server && watch.isUp(server.number)
        ? [{ index: other, server }]
        : [];
    });
    if (sources.length < layout.dataParts) {
      throw new FileSystemError('unavailable', `too few parts of ${task.path} are on servers that are up`);
    }
    const targets = [{ index, server: to }];
    const result = await rebuildParts({ pool: catalogue.pool, task, sources, targets, budget, signal });
    for (const other of result.damaged.keys()) {
      await catalogue.markPartMissing(task.segment.id, other, parts[other]?.server ?? 0);
    }
    const written = result.stored.get(index);
    if (written) return written;
    throw new FileSystemError(
      'unavailable',
      result.failures.get(index)?.message ?? 'the part was not stored',
    );
  }
}
