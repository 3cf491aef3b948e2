/** Parts that are missing are made again, without anybody doing anything. */
import { rm, stat } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test, vi } from 'vitest';
import { flipBit } from './bit-flip.ts';
import { content } from './content.ts';
import { UpkeepPool } from './upkeep-fixture.ts';

const timeout = 120_000;

describe('repair', { timeout }, () => {
  test.each([
    { storageServers: 3, layout: { dataParts: 2, parityParts: 1 }, down: [2] },
    { storageServers: 6, layout: { dataParts: 4, parityParts: 2 }, down: [5] },
  ])('what was written while servers $down were down is whole when they are back', async ({
    down,
    ...options
  }) => {
    const pool = await UpkeepPool.start(options);
    for (const number of down) await pool.server(number).stop();
    const files = new Map([0, 1, 1000, 300_000, 5_000_000].map((size) => [`/${size}`, content(size, size)]));
    for (const [path, bytes] of files) await pool.upload(path, bytes);
    expect(await pool.missing()).toBe(4 * down.length);
    for (const number of down) await pool.server(number).start();
    await pool.whole();
    expect(await pool.verify()).toBe(0);
    for (const server of pool.servers.slice(0, options.layout.parityParts)) await server.stop();
    for (const [path, bytes] of files) expect(await pool.download(path)).toEqual(bytes);
  });

  test('a part that was removed or cut from its server is noticed and made again', async () => {
    const pool = await UpkeepPool.start({ storageServers: 3, layout: { dataParts: 2, parityParts: 1 } });
    const bytes = content(3_000_000, 1);
    await pool.upload('/file', bytes);
    const [first] = await pool.partFiles(1);
    if (first === undefined) throw new Error('there is no part');
    const { size } = await stat(first);
    await rm(first);
    expect(await pool.verify('/file')).toBe(1);
    await pool.whole();
    expect((await stat(first)).size).toBe(size);
    expect(await pool.verify()).toBe(0);
  });

  test('a part that is repaired during a download stands in for one that is lost after that', async () => {
    const pool = await UpkeepPool.start({ storageServers: 3, layout: { dataParts: 2, parityParts: 1 } });
    const bytes = content(40_000_000, 3);
    await pool.server(3).stop();
    await pool.upload('/file', bytes);
    const source = await pool.files.read('/file', 0);
    await pool.server(3).start();
    await pool.whole();
    await pool.server(1).stop();
    expect((await buffer(source)).equals(bytes)).toBe(true);
  });

  test('parts of one segment that are damaged in different stripes make each other whole', async () => {
    const pool = await UpkeepPool.start({ storageServers: 3, layout: { dataParts: 2, parityParts: 1 } });
    const bytes = content(6_000_000, 2);
    await pool.upload('/file', bytes);
    for (const [index, at] of [0.2, 0.5, 0.8].entries()) {
      const [path] = await pool.partFiles(index + 1);
      if (path === undefined) throw new Error('there is no part');
      await flipBit(path, Math.floor((await stat(path)).size * at));
    }
    await pool.verify();
    await pool.whole();
    expect(await pool.verify()).toBe(0);
    expect(await pool.download('/file')).toEqual(bytes);
  });

  test('more damage than parity can mend is told, never stored, and mended when a part comes back', async () => {
    const pool = await UpkeepPool.start({ storageServers: 3, layout: { dataParts: 2, parityParts: 1 } });
    const bytes = content(100_000, 3);
    await pool.upload('/file', bytes);
    const paths = await Promise.all([1, 2].map(async (number) => (await pool.partFiles(number))[0] ?? ''));
    for (const path of paths) await flipBit(path, 20_000);
    expect(await pool.verify()).toBe(2);
    await vi.waitFor(
      async () => expect((await pool.upkeep.repairer.report()).reason).toMatch(/file is lost|too few/),
      {
        timeout: 30_000,
      },
    );
    expect((await pool.upkeep.repairer.report()).state).toBe('waiting');
    expect(await pool.catalogue.upkeep.health([1, 2, 3])).toEqual({ degraded: 0, unavailable: 0, lost: 1 });
    await flipBit(paths[0] ?? '', 20_000); // As it was: somebody has put the disk back.
    await pool.upkeep.repair();
    await pool.whole();
    expect(await pool.download('/file')).toEqual(bytes);
  });

  test('the queue survives a restart of the coordinator', async () => {
    const pool = await UpkeepPool.start({ storageServers: 3, layout: { dataParts: 2, parityParts: 1 } });
    await pool.server(3).stop();
    await pool.upload('/file', content(500_000, 4));
    await pool.restart();
    expect(await pool.missing()).toBe(1);
    await pool.server(3).start();
    await pool.whole();
    expect(await pool.verify()).toBe(0);
  });

  test('a server that stays away: its parts are made on others, and nothing is left behind when it comes back', async () => {
    const pool = await UpkeepPool.start({
      storageServers: 4,
      layout: { dataParts: 2, parityParts: 1 },
      upkeep: { relocateMinutes: 0 },
    });
    const files = Array.from({ length: 8 }, (_, index) => [`/${index}`, content(200_000, index)] as const);
    for (const [path, bytes] of files) await pool.upload(path, bytes);
    await pool.server(4).stop();
    await pool.seen(4, false);
    pool.upkeep.mover.wake();
    await vi.waitFor(async () => expect((await pool.places()).flat()).not.toContain(4), { timeout: 60_000 });
    await pool.whole();
    expect((await pool.places()).flat()).not.toContain(4);
    expect(await pool.verify()).toBe(0);
    await pool.server(4).start();
    await pool.seen(4, true);
    await pool.collected();
    expect(await pool.partFiles(4)).toEqual([]);
    for (const [path, bytes] of files) expect(await pool.download(path)).toEqual(bytes);
  });

  test('a file that is removed while it is repaired leaves nothing behind', async () => {
    const pool = await UpkeepPool.start({
      storageServers: 3,
      layout: { dataParts: 2, parityParts: 1 },
      upkeep: { rate: 1 },
    });
    await pool.server(2).stop();
    await pool.upload('/file', content(6_000_000, 5));
    await pool.server(2).start();
    await vi.waitFor(async () => expect((await pool.upkeep.repairer.report()).state).toBe('running'), {
      timeout,
    });
    await pool.files.removeFile('/file');
    await pool.collected();
    for (const number of [1, 2, 3]) expect(await pool.partFiles(number)).toEqual([]);
  });
});
