import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { healthOf } from '../../src/extension/health/file-health.ts';
import { describeHealth } from '../../src/extension/health/health-words.ts';
import type { PartReport } from '../../src/site/reports.ts';

type State = PartReport['state'];

/** A segment with so many data parts; the others are parity. */
function segment(position: number, dataParts: number, states: readonly State[]): PartReport[] {
  return states.map((state, index) => ({
    kind: 'part',
    segment: position,
    index,
    role: index < dataParts ? 'data' : 'parity',
    number: index + 1,
    address: `server${index + 1}:21`,
    path: `/${position}.${index}`,
    bytes: 100,
    state,
  }));
}

describe('the health of a file', () => {
  it.each([
    ['whole', 2, ['stored', 'stored', 'stored']],
    ['degraded', 2, ['missing', 'stored', 'stored']],
    ['degraded', 2, ['stored', 'stored', 'unreachable']],
    ['unavailable', 2, ['missing', 'unreachable', 'stored']],
    ['unavailable', 2, ['unreachable', 'stored']],
    ['lost', 2, ['missing', 'stored', 'missing']],
    ['lost', 2, ['missing', 'stored']],
  ] as const)('is %s with %i data parts and %j', (state, dataParts, states) => {
    expect(healthOf(segment(0, dataParts, states)).state).toBe(state);
  });

  it('of an empty file is whole', () => {
    expect(healthOf([]).state).toBe('whole');
  });

  it('is that of its worst segment', () => {
    const states = fc.array(fc.constantFrom<State>('stored', 'missing', 'unreachable'), {
      minLength: 3,
      maxLength: 3,
    });
    const order = ['whole', 'degraded', 'unavailable', 'lost'];
    fc.assert(
      fc.property(states, states, (first, second) => {
        const alone = [first, second].map((each) => order.indexOf(healthOf(segment(0, 2, each)).state));
        const together = healthOf([...segment(0, 2, first), ...segment(1, 2, second)]);
        expect(order.indexOf(together.state)).toBe(Math.max(...alone));
      }),
    );
  });

  it('is told in one sentence, and not at all where nothing is wrong', () => {
    const words = (states: readonly State[]) => describeHealth(healthOf(segment(0, 2, states)));
    expect(words(['stored', 'stored', 'stored'])).toBeUndefined();
    expect(words(['stored', 'stored', 'missing'])).toBe('Degraded: 1 of 3 parts is missing; it can be read.');
    expect(words(['stored', 'unreachable', 'missing'])).toBe(
      'Cannot be read now: 1 of 3 parts is missing, server2:21 is down.',
    );
    expect(words(['missing', 'stored', 'missing'])).toBe(
      'Lost: 2 of 3 parts are missing, more than it can do without.',
    );
  });
});
