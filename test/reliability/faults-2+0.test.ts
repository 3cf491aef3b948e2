/** Every fault of a storage server at every command: a clean error with the old state, or success with the right bytes. */
import { describe, expect, test } from 'vitest';
import { runFaults } from './fault-run.ts';
import { patienceOfTests } from './rig.ts';

describe.each([
  { what: 'store atomically', plain: false },
  { what: 'need temporary names', plain: true },
])('2+0, storage servers that $what', ({ plain }) => {
  test('every fault at every command', { timeout: patienceOfTests }, async () => {
    const { counts, problems } = await runFaults({ layout: { dataParts: 2, parityParts: 0 }, plain });
    console.log(counts);
    expect(problems.join('\n\n')).toBe('');
    if (process.env.SPLITFTP_FAULT !== undefined) return; // Of a few faults, all may end alike.
    expect(counts['failed cleanly']).toBeGreaterThan(0);
    expect(counts.succeeded).toBeGreaterThan(0);
  });
});
