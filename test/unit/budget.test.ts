import { expect, test } from 'vitest';
import { Budget, costBesideTransfers, UrgentPace } from '../../src/coordinator/upkeep/budget.ts';

test('what somebody asked for is slowed down only while clients transfer, and then within the budget', async () => {
  const slept: number[] = [];
  const traffic = { isMoving: false };
  const clock = { now: () => 5_000, sleep: async (milliseconds: number) => void slept.push(milliseconds) };
  const pace = new UrgentPace(new Budget(20, traffic, clock), traffic);
  const { signal } = new AbortController();
  await pace.spend(400_000_000, signal);
  expect(slept).toEqual([]);
  traffic.isMoving = true;
  await pace.spend(400_000_000, signal);
  // 20 s at 20 MB/s, and a second of it at once.
  expect(slept).toEqual([20_000 * costBesideTransfers - 1_000]);
});
