import fc from 'fast-check';
import { seedOfRun } from '../seed.ts';
import { checkCatalogueFile, checkPool } from './invariants.ts';
import { ModelFileSystem } from './model.ts';
import { commands, RealPool } from './model-commands.ts';
import { Rig } from './rig.ts';

/** Steps of one run at most; each run begins with an empty pool. */
const stepsOfRun = 120;
/** In all, unless `SPLITFTP_MODEL_STEPS` says otherwise. */
const defaultSteps = 400;

/**
 * Runs random steps against the coordinator and the model until there were enough; after each run all storage servers
 * come back, and the whole pool is checked.
 * @returns how many steps there were
 * @throws Error of fast-check with the steps, and the seed that reproduces them
 */
export async function runModel(dataParts: number, parityParts: number): Promise<number> {
  const wanted = Number(process.env.SPLITFTP_MODEL_STEPS ?? defaultSteps);
  const seed = seedOfRun();
  console.log(`model at ${dataParts}+${parityParts}: ${wanted} steps, seed ${seed}`);
  const servers = dataParts + parityParts;
  const sequences = fc.commands(commands(servers), { maxCommands: stepsOfRun, size: 'max' });
  let steps = 0;
  const property = fc.asyncProperty(sequences, async (sequence) => {
    if (steps >= wanted) return;
    const rig = await Rig.start({ dataParts, parityParts, timeout: 30 });
    const real = new RealPool(rig, parityParts);
    const model = new ModelFileSystem();
    try {
      await fc.asyncModelRun(() => ({ model, real }), sequence);
      await Promise.all(rig.proxies.map((proxy) => proxy.up()));
      await checkPool(rig, await real.session(), model.tree);
      real.endSession();
      await rig.stopCoordinator();
      checkCatalogueFile(rig.configuration.coordinator.folder);
    } finally {
      steps += real.steps;
      real.endSession();
      await rig.stop();
    }
  });
  await fc.assert(property, { seed, numRuns: Math.ceil(wanted / 10), endOnFailure: true, verbose: 1 });
  return steps;
}
