import { FileSystemError } from '../../ftp/file-system.ts';
import type { RebalanceReport } from '../../site/reports.ts';
import type { SegmentToRepair } from '../catalogue/catalogue.ts';
import type { PartPlace } from '../catalogue/upkeep-catalogue.ts';
import { crashPoint } from '../crash-point.ts';
import { copyPart } from './part-copy.ts';
import type { UpkeepParts } from './repairer.ts';
import { restAfterYield, YieldedError } from './upkeep-connections.ts';
import { Worker } from './worker.ts';

/** Milliseconds between two looks for something to move when there is nothing. */
const interval = 5_000;
/** Parts, or segments, looked at in one round. */
const batch = 50;
const cursorNote = 'rebalance';

/**
 * Moves parts: away from servers that are draining, and, when somebody has asked for it, to where they would be placed
 * today. A part is copied and verified before its old file is removed.
 */
export class Mover {
  readonly #parts: UpkeepParts;
  readonly #worker: Worker;
  /** Where the look through a draining server's parts is, by its number. */
  readonly #after = new Map<number, PartPlace>();
  #reason: string | undefined;
  #checkedSegments = 0;
  #movedParts = 0;
  #movedBytes = 0;

  constructor(parts: UpkeepParts) {
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
    this.#checkedSegments = 0;
    this.#movedParts = 0;
    this.#movedBytes = 0;
    await this.#parts.catalogue.upkeep.setNote(cursorNote, '0');
    this.wake();
  }

  async stopRebalance(): Promise<void> {
    await this.#parts.catalogue.upkeep.setNote(cursorNote, undefined);
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
    const { catalogue, pool, watch } = this.#parts;
    for (const { number } of pool.servers) {
      // What is on a draining server that is down is made elsewhere by the repair, once it counts as missing.
      if (watch.isDraining(number) && watch.isUp(number) && (await this.#drain(number, signal))) return true;
    }
    const cursor = await catalogue.upkeep.note(cursorNote);
    return cursor !== undefined && this.#rebalance(Number(cursor), signal);
  }

  /** @returns whether to go on at once */
  async #drain(number: number, signal: AbortSignal): Promise<boolean> {
    const { catalogue, placement } = this.#parts;
    const parts = await catalogue.upkeep.partsOn(number, this.#after.get(number), batch);
    for (const place of parts) {
      signal.throwIfAborted();
      const task = await catalogue.upkeep.segment(place.segment);
      if (task) {
        const others = task.segment.parts.map(({ server }) => server);
        const to = placement.replacement(place.segment, others);
        if (to === undefined)
          this.#reason = `there is no other storage server for the parts of storage server ${number}`;
        else await this.#move(task, place.index, to, signal);
      }
      this.#after.set(number, place);
    }
    if (parts.length < batch) this.#after.delete(number); // What could not be moved is tried again later.
    return parts.length === batch;
  }

  /** @returns whether to go on at once */
  async #rebalance(cursor: number, signal: AbortSignal): Promise<boolean> {
    const { catalogue, placement } = this.#parts;
    const tasks = await catalogue.upkeep.segmentsAfter(cursor, batch);
    for (const task of tasks) {
      signal.throwIfAborted();
      if ((await catalogue.upkeep.note(cursorNote)) === undefined) return false;
      const { id, parts } = task.segment;
      const here = parts.map(({ server }) => server);
      const ideal = placement.ideal(id, parts.length);
      const come = ideal.filter((number) => !here.includes(number));
      const leave = [...parts.entries()].filter(([, part]) => part.stored && !ideal.includes(part.server));
      for (const [position, [index]] of leave.entries()) {
        const to = come[position];
        if (to !== undefined) await this.#move(task, index, to, signal);
      }
      this.#checkedSegments += 1;
      await catalogue.upkeep.setNote(cursorNote, String(task.sequence));
    }
    if (tasks.length < batch) await this.stopRebalance();
    return tasks.length === batch;
  }

  async #move(task: SegmentToRepair, index: number, toNumber: number, signal: AbortSignal): Promise<void> {
    const { catalogue, pool, leases, budget, watch, log, onGarbage } = this.#parts;
    const { segment, path } = task;
    const part = segment.parts[index];
    const from = pool.servers.find(({ number }) => number === part?.server);
    const to = pool.servers.find(({ number }) => number === toNumber);
    if (!part?.stored || !from || !to || !watch.isUp(from.number) || !watch.isUp(to.number)) return;
    const endLease = leases.take([segment.id]);
    try {
      if (!(await catalogue.upkeep.beginMove(segment.id, index, to.number))) return;
      crashPoint('move.begun');
      const copied = await copyPart({ pool: catalogue.pool, task, index, from, to, budget, signal });
      crashPoint('move.copied');
      if (await catalogue.upkeep.finishMove(segment.id, index, from.number, to.number, copied)) {
        crashPoint('move.recorded');
        this.#movedParts += 1;
        this.#movedBytes += copied.bytes;
        log.info({ segment: segment.id, index, path, from: from.number, to: to.number }, 'a part was moved');
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof YieldedError) {
        this.#reason = 'transfers come first';
        await restAfterYield(signal);
        return;
      }
      if (!(error instanceof FileSystemError)) throw error;
      this.#reason = error.message;
      log.warn({ segment: segment.id, path, err: error }, 'a part could not be moved');
      if (error.kind === 'damaged') await catalogue.markPartMissing(segment.id, index, from.number);
    } finally {
      endLease();
      onGarbage();
    }
  }
}
