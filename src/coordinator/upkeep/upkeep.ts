import { setImmediate as nextTurn } from 'node:timers/promises';
import { defaultUpkeep, type UpkeepConfiguration } from '../../config/upkeep.ts';
import { FileSystemError } from '../../ftp/file-system.ts';
import type { Log } from '../../log/log.ts';
import type { RepairReport } from '../../site/reports.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { PartPlace } from '../catalogue/upkeep-catalogue.ts';
import { Placement } from '../placement/placement.ts';
import type { Pool } from '../pool/pool.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import { Budget, type Clock, type Pace, type Traffic, UrgentPace } from './budget.ts';
import { Inventory } from './inventory.ts';
import type { Leases } from './leases.ts';
import { Mover } from './mover.ts';
import { Repairer } from './repairer.ts';
import { Scrubber } from './scrubber.ts';
import { SegmentClaims } from './segment-claims.ts';
import { ServerWatch } from './server-watch.ts';
import { Verifications } from './verifications.ts';

/** Parts that the catalogue marks missing in one transaction. */
const partsLostAtOnce = 500;

export interface UpkeepOptions {
  readonly catalogue: Catalogue;
  readonly pool: Pool;
  readonly leases: Leases;
  readonly configuration: UpkeepConfiguration;
  readonly log: Log;
  /** Of clients; upkeep steps back for it. */
  readonly traffic: Traffic;
  /** Without it the system's. */
  readonly clock?: Clock;
  /** There is something to remove. */
  readonly onGarbage: () => void;
}

/** Everything that keeps the pool whole without anybody doing anything, and what people can ask of it. */
export class Upkeep {
  readonly watch: ServerWatch;
  readonly placement: Placement;
  readonly repairer: Repairer;
  readonly mover: Mover;
  readonly scrubber: Scrubber;
  readonly inventory: Inventory;
  readonly verifications: Verifications;
  /** Of everything that is done in the background. */
  readonly budget: Budget;
  /** Of what somebody asked for, so also where nothing is done by itself. */
  readonly askedFor: Pace;
  readonly #options: UpkeepOptions;
  readonly #stopping = new AbortController();

  constructor(options: UpkeepOptions) {
    const { catalogue, pool, leases, configuration, log, traffic, clock, onGarbage } = options;
    this.#options = options;
    this.watch = new ServerWatch({
      catalogue,
      pool,
      log,
      onBack: () => this.#wakeAll(),
      onEmpty: (server) => this.#loseAll(server),
    });
    this.placement = new Placement(pool, this.watch);
    this.budget = new Budget(configuration.rate, traffic, clock);
    const parts = {
      catalogue,
      pool,
      placement: this.placement,
      watch: this.watch,
      leases,
      claims: new SegmentClaims(),
      budget: this.budget,
      log,
      onGarbage,
    };
    const relocateMs = configuration.relocateMinutes * 60_000;
    this.repairer = new Repairer({ ...parts, relocateMs });
    this.mover = new Mover({ ...parts, relocateMs });
    this.scrubber = new Scrubber({
      ...parts,
      scrubDays: configuration.scrubDays,
      onFinding: () => this.repairer.wake(),
    });
    this.inventory = new Inventory({
      catalogue,
      pool,
      watch: this.watch,
      log,
      onMissing: () => this.repairer.wake(),
      onGarbage,
    });
    const budget = this.budget.isNothing ? new Budget(defaultUpkeep.rate, traffic, clock) : this.budget;
    const urgent = new UrgentPace(budget, traffic);
    this.askedFor = this.budget.isNothing ? urgent : this.budget;
    this.verifications = new Verifications(catalogue, this.scrubber, urgent, log);
  }

  async start(): Promise<void> {
    await this.#options.catalogue.upkeep.postponeNone();
    await this.watch.start();
    this.repairer.wake();
    this.mover.wake();
    this.scrubber.wake();
  }

  /** Resolves when nothing is going on any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([
      this.watch.stop(),
      this.repairer.stop(),
      this.mover.stop(),
      this.scrubber.stop(),
      this.inventory.stop(),
      this.verifications.stop(),
    ]);
  }

  /**
   * Tries at once whatever waits for repair.
   * @param number first sees which parts this storage server really has
   * @throws FileSystemError when that server cannot be reached
   */
  async repair(number?: number): Promise<RepairReport> {
    if (number !== undefined) await this.inventory.take(this.#server(number), this.#stopping.signal);
    for (const { condition } of this.#options.pool.servers) condition.hasRoom();
    await this.repairer.tryAgain();
    return this.repairer.report();
  }

  /** @throws FileSystemError `missing` when there is no such server */
  async drain(number: number, draining: boolean): Promise<void> {
    const server = this.#server(number);
    await this.watch.setDraining(server.number, draining);
    this.mover.wake();
    await this.repairer.tryAgain();
  }

  #server(number: number): StorageServer {
    const server = this.#options.pool.servers.find((each) => each.number === number);
    if (!server) throw new FileSystemError('missing', `there is no storage server ${number}`);
    return server;
  }

  #wakeAll(): void {
    if (this.#stopping.signal.aborted) return;
    this.repairer.tryAgain().catch((error: unknown) => {
      this.#options.log.error({ err: error }, 'the repair queue could not be looked at');
    });
    this.mover.wake();
    this.scrubber.wake();
    this.inventory.wake();
    this.#options.onGarbage();
  }

  /** Its folder is new: of all its parts there is nothing. */
  async #loseAll(server: StorageServer): Promise<void> {
    const { catalogue } = this.#options;
    let after: PartPlace | undefined;
    // If it ends in the middle, the next start's inventory finds the others.
    while (!this.#stopping.signal.aborted) {
      const parts = await catalogue.upkeep.partsOn(server.number, after, partsLostAtOnce);
      after = parts.at(-1);
      if (after === undefined) return;
      await catalogue.markPartsMissing(parts);
      await nextTurn(); // Clients come first.
    }
  }
}
