import { expect, test } from 'vitest';
import { runModel } from './model-run.ts';

test('the coordinator at 2+1 agrees with the model', { timeout: 900_000 }, async () => {
  expect(await runModel(2, 1)).toBeGreaterThan(0);
});
