import type { ScrubReport } from '../../site/reports.ts';
import type { StoredSegment } from '../catalogue/catalogue.ts';
import type { PartOnServer, UnverifiedPart } from '../catalogue/upkeep-catalogue.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import type { Pace } from './budget.ts';
import { checkPart, type PartState } from './part-check.ts';
import type { UpkeepParts } from './repairer.ts';
import { restAfterYield, YieldedError } from './upkeep-connections.ts';
import { Worker } from './worker.ts';

/** Milliseconds between two looks for parts that are due when there are none. */
const interval = 60_000;
const batch = 20;
/** Other parts of a server of which one must be readable, before an unreadable one counts as damaged. */
const mostNeighbours = 3;
const day = 24 * 3_600_000;
/** A part is due when so much of the period has passed, so that all of them have had their turn at its end. */
const dueAfter = 0.75;

export interface ScrubberParts extends UpkeepParts {
  readonly scrubDays: number;
  /** A part was found that is not right. */
  readonly onFinding: () => void;
}

/** Verifies every block of every part once in a period, the part that has waited longest first. */
export class Scrubber {
  readonly #parts: ScrubberParts;
  readonly #worker: Worker;
  #found = 0;
  /** Where this pass is: who cannot be read now shall not keep the others waiting. */
  #after: UnverifiedPart | undefined;

  constructor(parts: ScrubberParts) {
    this.#parts = parts;
    this.#worker = new Worker('scrub', interval, parts.log, (signal) => this.#round(signal));
  }

  wake(): void {
    if (!this.#parts.budget.isNothing) this.#worker.wake();
  }

  stop(): Promise<void> {
    return this.#worker.stop();
  }

  async report(): Promise<ScrubReport> {
    const { catalogue, scrubDays, budget } = this.#parts;
    const verified = await catalogue.upkeep.verified(new Date(Date.now() - scrubDays * day));
    return {
      kind: 'scrub',
      state: this.#worker.isRunning ? 'running' : budget.isNothing ? 'waiting' : 'idle',
      periodDays: scrubDays,
      parts: verified.parts,
      verifiedParts: verified.verified,
      found: this.#found,
      ...(verified.oldest && { oldest: verified.oldest.toISOString() }),
    };
  }

  /**
   * Looks at one part and puts down in the catalogue what is found.
   * @returns undefined when the part is not there any more by the catalogue
   * @throws YieldedError, the signal's reason
   */
  async check(
    place: PartOnServer,
    signal: AbortSignal,
    pace: Pace = this.#parts.budget,
  ): Promise<PartState | undefined> {
    const { catalogue, pool, leases, log, onFinding } = this.#parts;
    const endLease = leases.take([place.segment]);
    try {
      const task = await catalogue.upkeep.segment(place.segment);
      const part = task?.segment.parts[place.index];
      if (!task || !part || part.server !== place.server) return undefined;
      if (!part.stored) return { state: 'missing', reason: 'it is in the repair queue' };
      const server = pool.servers.find(({ number }) => number === place.server);
      if (!server)
        return { state: 'unreachable', reason: `storage server ${place.server} is not configured` };
      const { segment, path } = task;
      const { index } = place;
      const found = await this.#look(place, segment, server, pace, signal);
      if (found.state === 'right') await catalogue.upkeep.markVerified(place);
      else if (found.state !== 'unreachable') {
        log.warn({ segment: segment.id, index, path, server: server.number }, found.reason);
        if (await catalogue.markPartMissing(segment.id, index, server.number)) this.#found += 1;
        onFinding();
      }
      return found;
    } finally {
      endLease();
    }
  }

  /** An unreadable part is damaged where its server reads others; else maybe nothing is wrong but the server. */
  async #look(
    place: PartOnServer,
    segment: StoredSegment,
    server: StorageServer,
    pace: Pace,
    signal: AbortSignal,
  ): Promise<PartState> {
    const { pool, upkeep } = this.#parts.catalogue;
    const found = await checkPart({ pool, segment, index: place.index, server, pace, signal });
    if (found.state !== 'unreadable') return found;
    const behind = await upkeep.partsOn(server.number, place, mostNeighbours);
    const first = await upkeep.partsOn(server.number, undefined, mostNeighbours);
    for (const neighbour of [...behind, ...first].slice(0, mostNeighbours)) {
      const task = await upkeep.segment(neighbour.segment);
      const isSame = neighbour.segment === place.segment && neighbour.index === place.index;
      if (isSame || !task) continue;
      const { index } = neighbour;
      const { state } = await checkPart({ pool, segment: task.segment, index, server, pace, signal });
      if (state !== 'right') continue;
      server.condition.failedToKeep();
      return { state: 'damaged', reason: `${found.reason}, though it reads others` };
    }
    return { ...found, state: 'unreachable' };
  }

  async #round(signal: AbortSignal): Promise<boolean> {
    const { catalogue, scrubDays, watch } = this.#parts;
    const due = new Date(Date.now() - scrubDays * day * dueAfter);
    const parts = await catalogue.upkeep.unverified(due, watch.reachable, this.#after, batch);
    this.#after = parts.length < batch ? undefined : parts.at(-1);
    let looked = 0;
    for (const part of parts) {
      try {
        const found = await this.check(part, signal);
        if (found && found.state !== 'unreachable') looked += 1;
      } catch (error) {
        if (!(error instanceof YieldedError)) throw error;
        await restAfterYield(signal);
        looked += 1; // It is looked at again.
      }
    }
    return looked > 0;
  }
}
