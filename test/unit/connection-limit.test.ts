import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConnectionLimit } from '../../src/coordinator/pool/connection-limit.ts';

const minute = 60_000;

test('is what is configured until the server refuses', () => {
  const limit = new ConnectionLimit(8);
  expect(limit.current(0)).toBe(8);
  expect(limit.current(1e12)).toBe(8);
});

test('comes down with each refusal to what the server takes, and goes up by one a minute', () => {
  const limit = new ConnectionLimit(8);
  let inUse = 8;
  while (inUse > 3) {
    limit.refused(inUse, 1000);
    inUse -= 1; // The refused one gives its place back.
  }
  expect(limit.current(1000)).toBe(3);
  expect(limit.current(1000 + minute - 1)).toBe(3);
  expect(limit.current(1000 + minute)).toBe(4);
  limit.refused(4, 1000 + minute);
  expect(limit.current(1000 + minute)).toBe(3);
  expect(limit.current(1000 + 60 * minute)).toBe(8);
});

test('follows what is learned about the server', () => {
  const limit = new ConnectionLimit(8);
  limit.most = 24;
  expect(limit.current(0)).toBe(24);
});

test('is never below one nor above the most, and never higher right after a refusal', () => {
  const refusals = fc.array(fc.record({ inUse: fc.integer({ min: 1, max: 40 }), wait: fc.nat(10 * minute) }));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), refusals, (most, events) => {
      const limit = new ConnectionLimit(most);
      let now = 0;
      for (const { inUse, wait } of events) {
        now += wait;
        const before = limit.current(now);
        limit.refused(inUse, now);
        const after = limit.current(now);
        expect(after).toBeGreaterThanOrEqual(1);
        expect(after).toBeLessThanOrEqual(Math.min(before, Math.max(1, inUse - 1)));
        expect(limit.current(now + most * minute)).toBe(most);
      }
    }),
  );
});
