import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Worker } from '../../src/coordinator/upkeep/worker.ts';
import { createLog } from '../../src/log/log.ts';

/** Longer than any test. */
const interval = 3_600_000;
/** A round and its end take a few of them. */
const microtasks = 30;

test('who wakes it at whichever moment has a round of his own after that', async () => {
  for (let late = 0; late < microtasks; late++) {
    let rounds = 0;
    const worker = new Worker('a test', interval, createLog('test', 'silent'), async () => {
      rounds += 1;
      return false;
    });
    worker.wake();
    for (let passed = 0; passed < late; passed++) await Promise.resolve();
    const before = rounds;
    worker.wake();
    await nextTurn();
    expect(rounds, `${late} microtasks later`).toBeGreaterThan(before);
    await worker.stop();
  }
});
