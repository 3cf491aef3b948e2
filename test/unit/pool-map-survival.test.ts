/** "What if" against a plain count over all sets of servers. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PlacedPart, survivalOf } from '../../src/extension/pool-map/survival.ts';

const part = (index: number, role: PlacedPart['role'], number: number): PlacedPart => ({
  segment: 0,
  index,
  role,
  number,
  state: 'stored',
});

test('2+1 survives any one server, and not two', () => {
  const parts = [part(0, 'data', 1), part(1, 'data', 2), part(2, 'parity', 3)];
  const file = { path: '/f', size: 1, parts };
  expect(survivalOf(file, new Set())).toEqual({ state: 'whole', spare: 1 });
  for (const number of [1, 2, 3]) {
    expect(survivalOf(file, new Set([number]))).toEqual({ state: 'degraded', spare: 0 });
  }
  expect(survivalOf(file, new Set([1, 3])).state).toBe('lost');
});

test('an empty file has nothing to lose', () => {
  expect(survivalOf({ path: '/e', size: 0, parts: [] }, new Set([1])).state).toBe('whole');
});

test('a file survives exactly when each segment has enough parts on servers that are on', () => {
  const parts = fc
    .array(
      fc.record({
        data: fc.integer({ min: 1, max: 4 }),
        states: fc.array(fc.constantFrom(...(['stored', 'missing', 'unreachable'] as const)), {
          minLength: 4,
          maxLength: 6,
        }),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((segments) =>
      segments.flatMap(({ data, states }, segment) =>
        states.map(
          (state, index): PlacedPart => ({
            segment,
            index,
            role: index < data ? 'data' : 'parity',
            number: index + 1,
            state,
          }),
        ),
      ),
    );
  fc.assert(
    fc.property(parts, fc.uniqueArray(fc.integer({ min: 1, max: 6 })), (all, off) => {
      const gone = new Set(off);
      const isReadable = [0, 1, 2, 3].every((segment) => {
        const own = all.filter((one) => one.segment === segment);
        const left = own.filter(({ state, number }) => state === 'stored' && !gone.has(number));
        return left.length >= own.filter(({ role }) => role === 'data').length;
      });
      expect(survivalOf({ path: '/f', size: 1, parts: all }, gone).state !== 'lost').toBe(isReadable);
    }),
  );
});
