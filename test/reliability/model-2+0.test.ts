import { expect, test } from 'vitest';
import { runModel } from './model-run.ts';

test('the coordinator at 2+0 agrees with the model', { timeout: 900_000 }, async () => {
  expect(await runModel(2, 0)).toBeGreaterThan(0);
});
