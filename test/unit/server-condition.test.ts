import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ServerCondition } from '../../src/coordinator/pool/server-condition.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Seconds for which it counts as full. */
function secondsFull(condition: ServerCondition): number {
  let seconds = 0;
  for (; condition.isFull; seconds++) vi.advanceTimersByTime(1000);
  return seconds;
}

test('a server without room is tried again soon, then with growing pauses', () => {
  const condition = new ServerCondition();
  const pauses = Array.from({ length: 9 }, () => {
    condition.failedToWrite(true);
    return secondsFull(condition);
  });
  expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600]);
});

test('what fails while it counts as full does not lengthen the pause', () => {
  const condition = new ServerCondition();
  condition.failedToWrite(true);
  vi.advanceTimersByTime(2000);
  condition.failedToWrite(true);
  expect(secondsFull(condition)).toBe(3);
});

test('after it had room for a while the pause is short again', () => {
  const condition = new ServerCondition();
  condition.failedToWrite(true);
  secondsFull(condition);
  condition.failedToWrite(true);
  secondsFull(condition);
  vi.advanceTimersByTime(60_000);
  condition.failedToWrite(true);
  expect(secondsFull(condition)).toBe(5);
});

test('other failures, and room that somebody makes, leave it as one that takes parts', () => {
  const condition = new ServerCondition();
  condition.failedToWrite(false);
  expect(condition.isFull).toBe(false);
  condition.failedToWrite(true);
  condition.hasRoom();
  expect(condition.isFull).toBe(false);
  expect(condition.errors).toBe(2);
});
