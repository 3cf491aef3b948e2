import { expect, test, vi } from 'vitest';
import { LostConnectionError, RemoteError, UnreachableError } from '../../src/client/errors.ts';
import { HighWater } from '../../src/client/high-water.ts';
import { retryingLost } from '../../src/client/retry.ts';

const lost = new LostConnectionError('lost');
const never = new AbortController().signal;

test.each([
  ['a lost session', lost],
  ['421', new RemoteError(421, '421 ending')],
  ['426', new RemoteError(426, '426 the data connection was lost')],
])('after %s another attempt is made', async (_name, error) => {
  const attempt = vi.fn().mockRejectedValueOnce(error).mockRejectedValueOnce(error).mockResolvedValue(7);
  expect(await retryingLost(attempt, never, [0, 0, 0])).toBe(7);
  expect(attempt).toHaveBeenCalledTimes(3);
});

test.each([
  ['what the coordinator refused', new RemoteError(550, '550 no')],
  ['a failure of a storage server', new RemoteError(451, '451 storage server 2 is down')],
  ['a coordinator that was never reached', new UnreachableError('nobody there')],
  ['a local error', new Error('the disk is full')],
])('%s is final', async (_name, error) => {
  const attempt = vi.fn().mockRejectedValue(error);
  await expect(retryingLost(attempt, never, [0])).rejects.toBe(error);
  expect(attempt).toHaveBeenCalledTimes(1);
});

test('a coordinator that stays away after a lost session is called lost', async () => {
  const attempt = vi.fn().mockRejectedValueOnce(lost).mockRejectedValue(new UnreachableError('gone'));
  await expect(retryingLost(attempt, never, [0, 0])).rejects.toBe(lost);
  expect(attempt).toHaveBeenCalledTimes(3);
});

test('what ends an attempt after a lost one is its own error', async () => {
  const full = new Error('the disk is full');
  const attempt = vi.fn().mockRejectedValueOnce(lost).mockRejectedValue(full);
  await expect(retryingLost(attempt, never, [0, 0])).rejects.toBe(full);
});

test('cancelling ends the pause', async () => {
  const cancel = new AbortController();
  const retrying = retryingLost(() => Promise.reject(lost), cancel.signal, [3_600_000]);
  cancel.abort(new Error('enough'));
  await expect(retrying).rejects.toThrow('enough');
});

test('bytes that are moved again are told once', () => {
  const told: number[] = [];
  const water = new HighWater((bytes) => told.push(bytes));
  const first = water.from(0);
  first(10);
  first(10);
  const second = water.from(5);
  second(10);
  second(10);
  const third = water.from(0);
  third(30);
  expect(told).toEqual([10, 10, 5, 5]);
  expect(water.bytes).toBe(30);
});
