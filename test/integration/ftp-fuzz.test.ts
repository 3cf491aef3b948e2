/**
 * Thousands of made-up sessions, many at once, against the engine over a folder and over memory, plain and over TLS.
 *
 * SPLITFTP_SEED=n repeats a run, FUZZ_SESSIONS=n sets its length; both are printed. A failure prints what was said.
 */
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runLane } from '../fuzz/lane.ts';
import { seedOfRun } from '../seed.ts';

const sessions = Number(process.env.FUZZ_SESSIONS ?? 20_000);
const seed = seedOfRun();
/** Some of what the sessions do is waiting, which is better done side by side. */
const lanes = 12;

/** What the process holds: descriptors, and what keeps it alive. */
function holdings() {
  return {
    descriptors: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0,
    resources: process.getActiveResourcesInfo().filter((name) => name !== 'Immediate').length,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  };
}

test(`${sessions} sessions: each command has one reply, nothing leaks (SPLITFTP_SEED=${seed})`, {
  timeout: 3_600_000,
}, async () => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => warnings.push(warning);
  process.on('warning', warn);
  const before = holdings();
  const root = await mkdtemp(join(tmpdir(), 'splitftp-fuzz-'));
  const sums = { sessions: 0, commands: 0, replies: 0 };
  const begin = performance.now();
  try {
    const work = Array.from({ length: lanes }, (_, lane) =>
      runLane({ seed: seed + lane, sessions: Math.ceil(sessions / lanes), root }, sums),
    );
    await Promise.all(work).finally(() => Promise.allSettled(work));
  } finally {
    const seconds = ((performance.now() - begin) / 1000).toFixed(0);
    console.log(
      `fuzz: SPLITFTP_SEED=${seed} FUZZ_SESSIONS=${sessions}: ${sums.sessions} sessions, ` +
        `${sums.commands} commands, ${sums.replies} final replies in ${seconds} s`,
    );
    await rm(root, { recursive: true });
  }
  for (;;) {
    const now = holdings();
    if (now.descriptors <= before.descriptors && now.resources <= before.resources) break;
    await delay(5);
  }
  expect(holdings().listeners).toBe(before.listeners);
  process.off('warning', warn);
  expect(warnings).toEqual([]);
  expect(sums.sessions).toBeGreaterThanOrEqual(sessions);
});
