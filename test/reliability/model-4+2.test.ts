import { expect, test } from 'vitest';
import { runModel } from './model-run.ts';
import { patienceOfTests } from './rig.ts';

test('the coordinator at 4+2 agrees with the model', { timeout: patienceOfTests }, async () => {
  expect(await runModel(4, 2)).toBeGreaterThan(0);
});
