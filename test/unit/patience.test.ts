import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { waitForMost } from '../../src/coordinator/patience.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A job that ends when it is told to. @param patience milliseconds */
function job(patience = 1_000) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return {
    done: promise,
    succeed: () => resolve(),
    giveUp: vi.fn(() => reject(new Error('given up'))),
    patience,
  };
}

test('what lags behind enough others is given up after the patience, and nobody before', async () => {
  const [a, b, c] = [job(), job(), job()];
  const all = waitForMost([a, b, c], 2);
  await vi.advanceTimersByTimeAsync(60_000);
  a.succeed();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(c.giveUp).not.toHaveBeenCalled();
  b.succeed();
  await vi.advanceTimersByTimeAsync(999);
  expect(c.giveUp).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(c.giveUp).toHaveBeenCalledOnce();
  await all;
});

test('what comes in time is waited for, and the timer ends with it', async () => {
  const [a, b] = [job(), job()];
  const all = waitForMost([a, b], 1);
  a.succeed();
  await vi.advanceTimersByTimeAsync(500);
  b.succeed();
  await all;
  expect(vi.getTimerCount()).toBe(0);
  expect(b.giveUp).not.toHaveBeenCalled();
});

test('failures do not count as enough', async () => {
  const [a, b, c] = [job(), job(), job()];
  const all = waitForMost([a, b, c], 2);
  a.giveUp();
  b.succeed();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(c.giveUp).not.toHaveBeenCalled();
  c.succeed();
  await all;
});

test('with nobody to wait for the patience begins at once', async () => {
  const only = job();
  const all = waitForMost([only], 0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(only.giveUp).toHaveBeenCalledOnce();
  await all;
});

test('one may have less time than another', async () => {
  const [a, b, c] = [job(), job(1_000), job(100)];
  const all = waitForMost([a, b, c], 1);
  a.succeed();
  await vi.advanceTimersByTimeAsync(100);
  expect(c.giveUp).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(899);
  expect(b.giveUp).not.toHaveBeenCalled();
  b.succeed();
  await all;
  expect(vi.getTimerCount()).toBe(0);
});
