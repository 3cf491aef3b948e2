import { seedOfRun } from '../seed.ts';
import { describeTrial, operationsWith, runTrial, type Trial, type TrialOutcome } from './fault-trial.ts';
import { everyFault } from './faults.ts';
import { checkCatalogueFile } from './invariants.ts';
import { Random } from './random.ts';
import { Rig, type RigOptions } from './rig.ts';

/** Trials at a time, each lane with a pool of its own: most of the time they wait for a time-out. */
const lanes = 8;

/** Seconds that a silent storage server is waited for: more than a busy machine keeps everybody waiting. */
const patience = 10;

/** Of a fault and a command; all of them take minutes. */
const share = 5;

export interface FaultRun {
  readonly layout: Pick<RigOptions, 'dataParts' | 'parityParts'>;
  readonly plain: boolean;
}

export interface FaultRunResult {
  readonly counts: Readonly<Record<TrialOutcome, number>>;
  readonly problems: readonly string[];
}

/**
 * Every fault at every command of every storage server with `SPLITFTP_ALL_FAULTS=1`; else the seed chooses one in
 * {@link share} of the faults, and a storage server for each. During which operation, once or always: by the seed.
 * `SPLITFTP_FAULT` selects trials by a part of their description, then during every operation, once and always.
 */
export async function runFaults({ layout, plain }: FaultRun): Promise<FaultRunResult> {
  const seed = seedOfRun();
  const only = process.env.SPLITFTP_FAULT ?? '';
  const trials = chooseTrials(layout.dataParts + layout.parityParts, plain, seed, only !== '');
  const queue = [...trials.filter((trial) => describeTrial(trial).includes(only)).entries()];
  console.log(`${queue.length} trials at ${layout.dataParts}+${layout.parityParts}, seed ${seed}`);
  const counts = { 'not reached': 0, succeeded: 0, 'failed cleanly': 0 };
  const problems: string[] = [];
  const lane = async () => {
    let rig: Rig | undefined;
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [number, trial] = next;
      rig ??= await Rig.start({ ...layout, plain, timeout: patience });
      const parity = layout.parityParts > 0;
      try {
        counts[await runTrial(rig, trial, number, parity)] += 1;
      } catch (error) {
        console.log(`failed: ${describeTrial(trial)}`);
        problems.push(`${describeTrial(trial)}: ${explain(error)}\n${rig.lines.slice(-12).join('\n')}`);
        await rig.stop(); // What a failed trial leaves must not be held against the next one.
        rig = undefined;
      }
    }
    if (!rig) return;
    await rig.stopCoordinator();
    for (const proxy of rig.proxies) {
      await proxy.quiet().catch((error: unknown) => problems.push(`after the coordinator's end: ${error}`));
    }
    checkCatalogueFile(rig.configuration.coordinator.folder);
    await rig.stop();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { counts, problems };
}

function chooseTrials(servers: number, plain: boolean, seed: number, everyOperation: boolean): Trial[] {
  const random = new Random(seed);
  const all = process.env.SPLITFTP_ALL_FAULTS === '1';
  const numbers = Array.from({ length: servers }, (_, index) => index + 1);
  return everyFault().flatMap((fault, position) => {
    const possible = numbers.map((server) =>
      operationsWith(fault.at, plain).flatMap((operation) =>
        [false, true].map((persists) => ({ fault, server, operation, persists })),
      ),
    );
    if (everyOperation) return possible.flat();
    if (!all && position % share !== seed % share) return [];
    const chosen = possible.flatMap((ofServer) => random.pick(ofServer) ?? []);
    return all ? chosen : (random.pick(chosen) ?? []);
  });
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} (${explain(error.cause)})`;
}
