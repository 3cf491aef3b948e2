import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Reachability } from '../../src/coordinator/pool/reachability.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1000 });
});
afterEach(() => {
  vi.useRealTimers();
});

test('one that nobody has asked yet is neither down nor suspect', () => {
  const { failure, silence, downSince, isSuspect, answers } = new Reachability();
  expect({ failure, silence, downSince, isSuspect, answers }).toEqual({ isSuspect: false, answers: 0 });
});

test('it is down since the first failure, for the reason of the last one', () => {
  const reachability = new Reachability();
  reachability.failed('it does not answer', true);
  expect(reachability.silence).toBe('it does not answer');
  vi.advanceTimersByTime(5000);
  reachability.failed('nothing listens there', false);
  expect(reachability.downSince).toBe(1000);
  expect(reachability.failure).toBe('nothing listens there');
  expect(reachability.silence).toBeUndefined();
  expect(reachability.isSuspect).toBe(true);
});

test('a failure is new until it is the one that is known', () => {
  const reachability = new Reachability();
  expect(reachability.failed('first', false)).toBe(true);
  expect(reachability.failed('first', true)).toBe(false);
  expect(reachability.failed('second', true)).toBe(true);
  reachability.answered();
  expect(reachability.failed('second', true)).toBe(true);
});

test('an answer ends failure and doubt, and tells whether it was down', () => {
  const reachability = new Reachability();
  reachability.doubt();
  expect(reachability.isSuspect).toBe(true);
  expect(reachability.downSince).toBeUndefined();
  expect(reachability.answered()).toBe(false);
  expect(reachability.isSuspect).toBe(false);
  reachability.failed('it does not answer', true);
  expect(reachability.answered()).toBe(true);
  expect(reachability.downSince).toBeUndefined();
  expect(reachability.failure).toBeUndefined();
  expect(reachability.answers).toBe(2);
});
