import { expect, test } from 'vitest';
import { runModel } from './model-run.ts';

test('the coordinator at 4+2 agrees with the model', { timeout: 900_000 }, async () => {
  expect(await runModel(4, 2)).toBeGreaterThan(0);
});
