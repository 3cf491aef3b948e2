/** Damage that nobody has read yet is found and repaired. */
import { stat } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { FileSystemError } from '../../src/ftp/file-system.ts';
import { seedOfRun } from '../seed.ts';
import { flipBit } from './bit-flip.ts';
import { content } from './content.ts';
import { UpkeepPool } from './upkeep-fixture.ts';

const timeout = 240_000;
const seed = seedOfRun();

/** Numbers from 0 to below the limit, the same ones for a seed. */
function random(): (limit: number) => number {
  const [numbers = []] = fc.sample(
    fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
      minLength: 1000,
      maxLength: 1000,
    }),
    { seed, numRuns: 1 },
  );
  let next = 0;
  return (limit) => Math.floor((numbers[next++ % numbers.length] ?? 0) * limit);
}

describe('scrub', { timeout }, () => {
  test.each([
    { storageServers: 3, layout: { dataParts: 2, parityParts: 1 } },
    { storageServers: 6, layout: { dataParts: 4, parityParts: 2 } },
  ])(`a bit wrong in a hundred random places at $layout: all read right, are found and repaired (SPLITFTP_SEED=${seed})`, async (options) => {
    const pool = await UpkeepPool.start(options);
    const pick = random();
    const damaged = options.layout.parityParts; // Of one segment, at most.
    const files = new Map(
      Array.from({ length: Math.ceil(100 / damaged) + 5 }, (_, index) => [
        `/${index}`,
        content(10_000 + pick(300_000), index),
      ]),
    );
    for (const [path, bytes] of files) await pool.upload(path, bytes);
    await pool.upkeep.stop(); // It shall not be quicker than the reads.
    const parts = (await Promise.all(pool.servers.map((_, index) => pool.partFiles(index + 1)))).flat();
    const bySegment = [...Map.groupBy(parts, (path) => path.replace(/^.*[/\\]|\.\d+$/g, '')).values()];
    expect(bySegment).toHaveLength(files.size);
    let flipped = 0;
    while (flipped < 100) {
      const [segment = []] = bySegment.splice(pick(bySegment.length), 1);
      for (let count = 0; count < damaged && flipped < 100; count++, flipped++) {
        const [path = ''] = segment.splice(pick(segment.length), 1);
        await flipBit(path, pick((await stat(path)).size));
      }
    }
    for (const [path, bytes] of files) expect((await pool.download(path)).equals(bytes)).toBe(true);
    await pool.restart();
    expect(await pool.verify()).toBeLessThanOrEqual(100); // Those that reading found may be repaired by now.
    await pool.whole();
    expect((await pool.upkeep.repairer.report()).repairedParts).toBe(100);
    expect(await pool.verify()).toBe(0);
    for (const [path, bytes] of files) expect((await pool.download(path)).equals(bytes)).toBe(true);
  });

  test('by itself every part is verified within the period, also over restarts', async () => {
    const pool = await UpkeepPool.start({
      storageServers: 3,
      layout: { dataParts: 2, parityParts: 1 },
      upkeep: { scrubDays: 1 },
    });
    await pool.upload('/file', content(100_000, 1));
    const [path = ''] = await pool.partFiles(1);
    await flipBit(path, 5_000);
    await pool.restart();
    vi.setSystemTime(Date.now() + 24 * 3_600_000);
    try {
      pool.upkeep.scrubber.wake();
      await vi.waitFor(async () => expect((await pool.upkeep.scrubber.report()).found).toBe(1), {
        timeout: 60_000,
      });
      await pool.whole();
      await vi.waitFor(async () => expect((await pool.upkeep.scrubber.report()).verifiedParts).toBe(3), {
        timeout: 60_000,
      });
    } finally {
      vi.useRealTimers();
    }
  });

  test('parts that cannot be read now do not keep the others waiting', async () => {
    const pool = await UpkeepPool.start({
      storageServers: 3,
      layout: { dataParts: 2, parityParts: 1 },
      upkeep: { scrubDays: 1 },
    });
    for (let index = 0; index < 8; index++) await pool.upload(`/${index}`, content(1_000, index));
    const busy = (await pool.makeUnreadable(new FileSystemError('busy', 'in use'))).length;
    expect(busy).toBe(24); // More than are looked at in a round.
    await pool.upload('/last', content(1_000, 9));
    vi.setSystemTime(Date.now() + 24 * 3_600_000);
    try {
      await vi.waitFor(
        async () => {
          pool.upkeep.scrubber.wake();
          expect((await pool.upkeep.scrubber.report()).verifiedParts).toBe(3);
        },
        { timeout: 60_000 },
      );
      expect(await pool.missing()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a part that the disk does not give is made again, where the server reads others', async () => {
    const pool = await UpkeepPool.start({ storageServers: 3, layout: { dataParts: 2, parityParts: 1 } });
    const bytes = content(300_000, 1);
    await pool.upload('/file', bytes);
    const failure = new FileSystemError('damaged', 'The disk of the server fails.');
    const [bad = ''] = await pool.makeUnreadable(failure, (number) => number === 1);
    expect(await pool.verify()).toBe(1);
    expect(await pool.missing()).toBe(0); // It may be the whole server.

    await pool.upload('/other', bytes);
    expect(await pool.verify('/file')).toBe(1);
    await pool.whole();
    expect((await pool.upkeep.repairer.report()).repairedParts).toBe(1);
    expect(pool.server(1).files?.unreadable.has(bad)).toBe(false);
    expect(await pool.verify()).toBe(0);
    expect((await pool.download('/file')).equals(bytes)).toBe(true);
  });
});
