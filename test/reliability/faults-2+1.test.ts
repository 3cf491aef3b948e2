/** Every fault of a storage server at every command: a clean error with the old state, or success with the right bytes. */
import { describe, expect, test } from 'vitest';
import { runFaults } from './fault-run.ts';
import { patienceOfTests } from './rig.ts';

describe.each([
  { what: 'store atomically', plain: false },
  { what: 'need temporary names', plain: true },
])('2+1, storage servers that $what', ({ plain }) => {
  test('every fault at every command', { timeout: patienceOfTests }, async () => {
    const { counts, problems } = await runFaults({ layout: { dataParts: 2, parityParts: 1 }, plain });
    console.log(counts);
    expect(problems.join('\n\n')).toBe('');
    expect(counts.succeeded).toBeGreaterThan(0);
  });
});
