/**
 * `npm test`: brings the tools that tests need, checks, builds and packages, then runs every test.
 * `npm test -- FILTER...` runs only the test files whose path contains a filter.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import * as v from 'valibot';
import { installTools } from './tools.ts';
import { install as installVSCode } from './vscode/install.ts';

const report = '.test-results/vitest.json';
const counts = v.object({
  numPassedTests: v.number(),
  numFailedTests: v.number(),
  numPendingTests: v.number(),
  numFailedTestSuites: v.number(),
});

function say(line: string): void {
  console.log(`\n── ${line}`);
}

function run(command: string, args: readonly string[]): number {
  return spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' }).status ?? 1;
}

function step(line: string, script: string): void {
  say(line);
  const status = run('npm', ['run', '--silent', script]);
  if (status !== 0) process.exit(status);
}

say('tools');
const missing = installTools(say);
if (missing.length > 0) {
  say(`not on this machine: ${missing.join(', ')}; the tests that need them are counted as not run`);
  if (process.env.CI) process.exit(1);
}
await installVSCode(true);
step('types, lint, format', 'check');
step('the extension as a user installs it (splitftp.vsix), and the programs in dist/', 'package');

say('tests');
mkdirSync('.test-results', { recursive: true });
const status = run('vitest', [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]);
const result = v.parse(counts, JSON.parse(readFileSync(report, 'utf8')));
console.log(
  `${result.numPassedTests} passed, ${result.numFailedTests} failed, ${result.numPendingTests} skipped`,
);
process.exit(status);
