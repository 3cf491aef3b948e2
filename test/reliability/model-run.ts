import fc from 'fast-check';
import { seedOfRun } from '../seed.ts';
import { checkCatalogueFile, checkPool } from './invariants.ts';
import { ModelFileSystem } from './model.ts';
import { commands, RealPool } from './model-commands.ts';
import { Random } from './random.ts';
import { Rig } from './rig.ts';

/** Steps of one run at most; each run begins with an empty pool. */
const stepsOfRun = 250;
/** In all, unless `SPLITFTP_MODEL_STEPS` says otherwise. */
const defaultSteps = 5000;
/** Runs at a time, each lane with a pool of its own: while one waits for a storage server or a repair, others go on. */
const lanes = 4;
/** Milliseconds in which a failed run is made smaller. */
const shrinkingTime = 120_000;

interface Layout {
  readonly dataParts: number;
  readonly parityParts: number;
}

/**
 * Runs random steps against the coordinator and the model until there were enough; after each run all storage servers
 * come back, and the whole pool is checked.
 * @returns how many steps there were
 * @throws Error of fast-check with the fewest steps that were found to fail
 */
export async function runModel(dataParts: number, parityParts: number): Promise<number> {
  const wanted = Number(process.env.SPLITFTP_MODEL_STEPS ?? defaultSteps);
  const seed = seedOfRun();
  console.log(`model at ${dataParts}+${parityParts}: ${wanted} steps, seed ${seed}`);
  const random = new Random(seed);
  const all = Array.from({ length: lanes }, () => {
    const lane = new Lane({ dataParts, parityParts }, wanted / lanes);
    return { lane, ended: lane.run(random.below(2 ** 31)) };
  });
  const ends = await Promise.allSettled(all.map(({ ended }) => ended));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return all.reduce((sum, { lane }) => sum + lane.steps, 0);
}

class Lane {
  readonly #layout: Layout;
  readonly #wanted: number;
  #shrinkUntil: number | undefined;
  steps = 0;

  constructor(layout: Layout, wanted: number) {
    this.#layout = layout;
    this.#wanted = wanted;
  }

  async run(seed: number): Promise<void> {
    const servers = this.#layout.dataParts + this.#layout.parityParts;
    const sequences = fc.commands(commands(servers), { maxCommands: stepsOfRun, size: 'max' });
    const property = fc.asyncProperty(sequences, async (sequence) => {
      if (!this.#ended()) await this.#try(sequence);
    });
    await fc.assert(property, { seed, numRuns: Math.ceil(this.#wanted / 10), verbose: 1 });
  }

  #ended(): boolean {
    return this.#shrinkUntil === undefined ? this.steps >= this.#wanted : Date.now() > this.#shrinkUntil;
  }

  async #try(sequence: Iterable<fc.AsyncCommand<ModelFileSystem, RealPool>>): Promise<void> {
    const rig = await Rig.start({ ...this.#layout, timeout: 30 });
    const real = new RealPool(rig, this.#layout.parityParts);
    const model = new ModelFileSystem();
    try {
      await fc.asyncModelRun(() => ({ model, real }), sequence);
      await Promise.all(rig.proxies.map((proxy) => proxy.up()));
      await checkPool(rig, await real.session(), model.tree);
      real.endSession();
      await rig.stopCoordinator();
      checkCatalogueFile(rig.configuration.coordinator.folder);
    } catch (error) {
      if (this.#shrinkUntil === undefined) {
        this.#shrinkUntil = Date.now() + shrinkingTime;
        // At once: other lanes may still run for an hour.
        console.error('the coordinator does not agree with the model:', error, rig.lines.join('\n'));
      }
      throw error;
    } finally {
      this.steps += real.steps;
      if (this.#wanted > defaultSteps) console.log(`${this.steps} of ${this.#wanted} steps in this lane`);
      real.endSession();
      await rig.stop();
    }
  }
}
