/**
 * `npm run test:long`: the reliability tests in their full size, one after the other, then the demonstration. Takes hours.
 * `npm run test:long -- FILTER...` runs only the test files whose path contains a filter.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';

const full = {
  SPLITFTP_LONG: '1',
  SPLITFTP_ALL_FAULTS: '1',
  SPLITFTP_ALL_DAMAGES: '1',
  SPLITFTP_CRASH_REACHES: '8',
  SPLITFTP_MODEL_STEPS: '100000',
  SPLITFTP_SIZES: '200',
  SPLITFTP_MEMORY_MIB: '10240',
  SPLITFTP_SEED: String(randomInt(2 ** 31)),
};

function run(command: string, args: readonly string[]): number {
  const shell = process.platform === 'win32';
  return spawnSync(command, args, { stdio: 'inherit', shell, env: { ...full, ...process.env } }).status ?? 1;
}

const filters = process.argv.slice(2);
console.log(`seed ${process.env.SPLITFTP_SEED ?? full.SPLITFTP_SEED}`);
const tests = run('vitest', [
  'run',
  '--maxWorkers=1',
  '--testTimeout=14400000',
  ...(filters.length > 0 ? filters : ['test/reliability']),
]);
const demonstration = filters.length > 0 ? 0 : run('node', ['test/reliability/demonstration.ts']);
process.exit(tests || demonstration);
