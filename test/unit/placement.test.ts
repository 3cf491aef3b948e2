import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Candidate, choose, rotate } from '../../src/coordinator/placement/rendezvous.ts';

const segments = Array.from({ length: 4000 }, (_, number) => `segment ${number}`);

function server(number: number, { weight = 1, domain = `${number}`, last = false } = {}): Candidate {
  return { number, weight, domain, last };
}

/** How many parts each server gets, by number. */
function shares(count: number, candidates: readonly Candidate[]): Map<number, number> {
  const parts = new Map<number, number>();
  for (const segment of segments) {
    for (const { number } of choose(segment, count, candidates)) {
      parts.set(number, (parts.get(number) ?? 0) + 1);
    }
  }
  return parts;
}

const candidates = fc
  .array(
    fc.record({
      weight: fc.double({ min: 0.001, max: 1e15, noNaN: true }),
      domain: fc.constantFrom('a', 'b', 'c', 'd'),
      last: fc.boolean(),
    }),
    { maxLength: 12 },
  )
  .map((servers) => servers.map((each, index) => server(index + 1, each)));

describe('placement', () => {
  test('as many different servers as there are, always the same for a segment', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(14), candidates, (segment, count, all) => {
        const chosen = choose(segment, count, all);
        expect(chosen).toHaveLength(Math.min(count, all.length));
        expect(new Set(chosen.map(({ number }) => number)).size).toBe(chosen.length);
        expect(choose(segment, count, [...all].reverse())).toEqual(chosen);
      }),
    );
  });

  test('no failure domain gets a second part while another has none; no last resort while there is another', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(14), candidates, (segment, count, all) => {
        const chosen = choose(segment, count, all);
        const good = all.filter(({ last }) => !last);
        expect(chosen.filter(({ last }) => !last)).toHaveLength(Math.min(count, good.length));
        const domains = new Set(good.map(({ domain }) => domain));
        const distinct = new Set(chosen.filter(({ last }) => !last).map(({ domain }) => domain));
        expect(distinct.size).toBe(Math.min(count, domains.size));
      }),
    );
  });

  test('domains of parts that are placed already are avoided', () => {
    const all = [server(1, { domain: 'a', weight: 1e9 }), server(2, { domain: 'b', weight: 0.001 })];
    expect(choose('s', 1, all, ['a']).map(({ number }) => number)).toEqual([2]);
  });

  test('equal servers get equal shares', () => {
    const all = Array.from({ length: 8 }, (_, index) => server(index + 1));
    const expected = (segments.length * 3) / 8;
    for (const parts of shares(3, all).values()) {
      expect(Math.abs(parts - expected) / expected).toBeLessThan(0.08);
    }
  });

  test('a share is as large as the weight', () => {
    const parts = shares(1, [
      server(1, { weight: 100 }),
      server(2, { weight: 300 }),
      server(3, { weight: 600 }),
    ]);
    for (const [number, share] of [
      [1, 0.1],
      [2, 0.3],
      [3, 0.6],
    ] as const) {
      expect(Math.abs((parts.get(number) ?? 0) / segments.length - share)).toBeLessThan(0.025);
    }
  });

  test('a further server takes its share from all, and nothing else moves', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 9 }),
        (segment, count, servers) => {
          const before = Array.from({ length: servers }, (_, index) =>
            server(index + 1, { weight: index + 1 }),
          );
          const old = new Set(choose(segment, count, before).map(({ number }) => number));
          const now = choose(segment, count, [...before, server(99, { weight: 4 })]).map(
            ({ number }) => number,
          );
          const come = now.filter((number) => !old.has(number));
          expect(come.every((number) => number === 99)).toBe(true);
        },
      ),
    );
    const all = Array.from({ length: 4 }, (_, index) => server(index + 1));
    const taken = shares(2, [...all, server(5)]).get(5) ?? 0;
    expect(Math.abs(taken / (segments.length * 2) - 1 / 5)).toBeLessThan(0.02);
  });

  test('every server gets every part equally often', () => {
    const first = new Map<number, number>();
    for (const segment of segments) {
      const [server = 0] = rotate(segment, [1, 2, 3]);
      first.set(server, (first.get(server) ?? 0) + 1);
    }
    for (const count of first.values()) expect(Math.abs(count / segments.length - 1 / 3)).toBeLessThan(0.03);
    expect(rotate('s', [3, 1, 2])).toEqual(rotate('s', [1, 2, 3]));
  });
});
