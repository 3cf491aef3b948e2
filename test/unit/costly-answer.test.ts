import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CostlyAnswer } from '../../src/coordinator/catalogue/costly-answer.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

it('keeps an answer for twenty times as long as it took, unless something else is asked', () => {
  let found = 0;
  const answer = new CostlyAnswer<number>();
  const ask = (question: string) =>
    answer.get(question, () => {
      vi.advanceTimersByTime(100);
      return ++found;
    });
  expect(ask('a')).toBe(1);
  vi.advanceTimersByTime(1_999);
  expect(ask('a')).toBe(1);
  vi.advanceTimersByTime(1);
  expect(ask('a')).toBe(2);
  expect(ask('b')).toBe(3);
});
