import { expect, test } from 'vitest';
import { runModel } from './model-run.ts';
import { patienceOfTests } from './rig.ts';

test('the coordinator at 2+1 agrees with the model', { timeout: patienceOfTests }, async () => {
  expect(await runModel(2, 1)).toBeGreaterThan(0);
});
