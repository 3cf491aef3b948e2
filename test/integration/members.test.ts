/** Storage servers come, go, are emptied, replaced and swapped. */
import { copyFile, mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { Inventory } from '../../src/coordinator/upkeep/inventory.ts';
import { createLog } from '../../src/log/log.ts';
import { content } from './content.ts';
import { UpkeepPool } from './upkeep-fixture.ts';

const timeout = 240_000;
const layout = { dataParts: 2, parityParts: 1 };

async function withFiles(pool: UpkeepPool, count: number): Promise<Map<string, Buffer>> {
  const files = new Map(
    Array.from({ length: count }, (_, index) => [`/${index}`, content(50_000 + index, index)]),
  );
  for (const [path, bytes] of files) await pool.upload(path, bytes);
  return files;
}

async function expectReadable(pool: UpkeepPool, files: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const [path, bytes] of files) expect((await pool.download(path)).equals(bytes)).toBe(true);
}

/** @param graceMs milliseconds until an orphan goes */
function inventoryOf(pool: UpkeepPool, graceMs: number): Inventory {
  return new Inventory({
    catalogue: pool.catalogue,
    pool: pool.members,
    watch: pool.upkeep.watch,
    log: createLog('test', 'silent'),
    onMissing: () => {},
    onGarbage: () => pool.collector.wake(),
    times: { graceMs },
  });
}

describe('members of the pool', { timeout }, () => {
  test('a server is drained: nothing new, nothing left, everything readable; over a restart, too', async () => {
    const pool = await UpkeepPool.start({ storageServers: 4, layout });
    const files = await withFiles(pool, 12);
    await pool.upkeep.drain(2, true);
    await pool.upload('/new', content(1000, 99));
    await pool.restart();
    expect(pool.upkeep.watch.isDraining(2)).toBe(true);
    await vi.waitFor(async () => expect(await pool.catalogue.upkeep.uses(2)).toBe(false), {
      timeout: 120_000,
    });
    expect((await pool.places()).flat()).not.toContain(2);
    expect(await pool.partFiles(2)).toEqual([]);
    await pool.server(2).stop();
    expect(await pool.verify()).toBe(0);
    await expectReadable(pool, files);
  });

  test('a server that is dead can be drained all the same', async () => {
    const pool = await UpkeepPool.start({ storageServers: 4, layout });
    const files = await withFiles(pool, 8);
    await pool.server(2).stop();
    await pool.seen(2, false);
    await pool.upkeep.drain(2, true);
    await vi.waitFor(async () => expect((await pool.places()).flat()).not.toContain(2), { timeout: 120_000 });
    expect(await pool.verify()).toBe(0);
    await expectReadable(pool, files);
  });

  test('repair and draining at the same time put no two parts of a segment on one server', async () => {
    const pool = await UpkeepPool.start({
      storageServers: 5,
      layout,
      upkeep: { relocateMinutes: 0, rate: 4 }, // So slow that both work on the same segment.
    });
    const bytes = content(3_000_000, 7);
    await pool.upload('/file', bytes);
    const [[gone = 0, drained = 0] = []] = await pool.places();
    await pool.server(gone).stop();
    await pool.seen(gone, false);
    const [task] = await pool.catalogue.upkeep.segmentsAfter(0, 1);
    await pool.catalogue.markPartMissing(task?.segment.id ?? '', 0, gone);
    await pool.upkeep.drain(drained, true);
    await pool.whole();
    await vi.waitFor(async () => expect((await pool.places()).flat()).not.toContain(drained), {
      timeout: 120_000,
    });
    const [places = []] = await pool.places();
    expect(new Set(places).size).toBe(3);
    expect(places).not.toContain(gone);
    expect(await pool.verify()).toBe(0);
    expect((await pool.download('/file')).equals(bytes)).toBe(true);
  });

  test('undone, a drained server gets parts again', async () => {
    const pool = await UpkeepPool.start({ storageServers: 4, layout });
    await pool.upkeep.drain(2, true);
    await withFiles(pool, 8);
    expect((await pool.places()).flat()).not.toContain(2);
    await pool.upkeep.drain(2, false);
    await withFiles(pool, 24);
    expect((await pool.places()).flat()).toContain(2);
  });

  test('with no other server for its parts a draining one keeps them, and the report says so', async () => {
    const pool = await UpkeepPool.start({ storageServers: 3, layout });
    const files = await withFiles(pool, 2);
    await pool.upkeep.drain(1, true);
    await vi.waitFor(
      async () => expect((await pool.upkeep.mover.report()).reason).toMatch(/no other storage server/),
      {
        timeout: 60_000,
      },
    );
    await expectReadable(pool, files);
    expect(await pool.partFiles(1)).toHaveLength(2);
  });

  test('a server that is replaced by an empty one is filled again', async () => {
    const pool = await UpkeepPool.start({ storageServers: 3, layout });
    const files = await withFiles(pool, 10);
    await pool.server(3).stop();
    await pool.empty(3);
    await pool.server(3).start();
    await pool.upkeep.watch.lookAtAll(); // As it does every minute.
    await vi.waitFor(async () => expect(await pool.partFiles(3)).toHaveLength(10), { timeout: 120_000 });
    await pool.whole();
    expect(await pool.verify()).toBe(0);
    await pool.server(1).stop();
    await expectReadable(pool, files);
  });

  test('servers that were swapped are noticed: nothing is removed, marked or written', async () => {
    const pool = await UpkeepPool.start({ storageServers: 3, layout });
    const files = await withFiles(pool, 3);
    const [second, third] = [pool.server(2), pool.server(3)];
    const before = [await pool.partFiles(2), await pool.partFiles(3)];
    await second.stop();
    await third.stop();
    await pool.seen(2, false);
    await pool.seen(3, false);
    await second.start(third.configuration.folder);
    await third.start(second.configuration.folder);
    await vi.waitFor(() => expect(pool.upkeep.watch.strangeness(2)).toMatch(/belongs to storage server 3/), {
      timeout: 60_000,
    });
    await expect(pool.upkeep.repair(2)).rejects.toThrow(/belongs to storage server 3/);
    await expect(pool.download('/0')).rejects.toThrow(/belongs to/);
    expect(await pool.missing()).toBe(0);
    expect([await pool.partFiles(2), await pool.partFiles(3)]).toEqual(before);
    await second.stop();
    await third.stop();
    await second.start();
    await third.start();
    await pool.seen(2, true);
    await pool.seen(3, true);
    await expectReadable(pool, files);
    expect(await pool.missing()).toBe(0);
  });

  test('a further server gets its share when somebody asks for it, and only that moves', async () => {
    const pool = await UpkeepPool.start({ storageServers: 4, layout });
    await pool.restart(3);
    const files = await withFiles(pool, 24);
    await pool.restart(4);
    await pool.seen(4, true);
    const before = await pool.places();
    expect(before.flat()).not.toContain(4);
    await pool.upkeep.watch.lookAtAll();
    await pool.upkeep.mover.startRebalance();
    await vi.waitFor(async () => expect((await pool.upkeep.mover.report()).state).toBe('idle'), {
      timeout: 120_000,
    });
    const after = await pool.places();
    const moved = after.filter((servers) => servers.includes(4)).length;
    expect(moved).toBeGreaterThan(8);
    for (const [index, servers] of after.entries()) {
      const come = servers.filter((server) => !before[index]?.includes(server));
      expect(come.length).toBeLessThanOrEqual(1);
      expect(new Set(servers).size).toBe(3);
    }
    await pool.collected();
    for (const number of [1, 2, 3, 4]) {
      const expected = after.flat().filter((server) => server === number).length;
      expect(await pool.partFiles(number)).toHaveLength(expected);
    }
    await expectReadable(pool, files);
    expect(await pool.verify()).toBe(0);
  });

  test('no failure domain has two parts while there are enough of them', async () => {
    const pool = await UpkeepPool.start({ storageServers: 5, layout, domains: ['a', 'a', 'b', 'b', 'c'] });
    await withFiles(pool, 20);
    const domains = ['a', 'a', 'b', 'b', 'c'];
    for (const servers of await pool.places()) {
      expect(new Set(servers.map((server) => domains[server - 1])).size).toBe(3);
    }
  });

  test('orphans go after their time, and never anything that is known, or not of ours', async () => {
    const pool = await UpkeepPool.start({ storageServers: 3, layout });
    const files = await withFiles(pool, 4);
    const known = await pool.partFiles(1);
    const [part = ''] = known;
    const poolFolder = dirname(dirname(part));
    const orphan = join(poolFolder, 'ab', `ab${'0'.repeat(30)}.1`);
    const foreign = join(poolFolder, 'ab', 'holiday.jpg');
    await mkdir(dirname(orphan), { recursive: true });
    await writeFile(orphan, 'left behind');
    await writeFile(foreign, 'somebody put it here');
    await utimes(orphan, 0, 0); // Its own time tells nothing: it may have been copied here.
    const { signal } = new AbortController();
    const server = pool.members.server(1);
    const kept = await inventoryOf(pool, 3_600_000).take(server, signal);
    expect(kept).toEqual({ missing: 0, orphans: 1, removed: 0 });
    expect(await pool.partFiles(1)).toContain(orphan);
    expect(await inventoryOf(pool, 0).take(server, signal)).toEqual({ missing: 0, orphans: 1, removed: 1 });
    await pool.collected();
    expect(await pool.partFiles(1)).toEqual(known);
    expect(await readdir(dirname(foreign))).toContain('holiday.jpg');
    expect(await inventoryOf(pool, 0).take(server, signal)).toEqual({ missing: 0, orphans: 0, removed: 0 });
    await expectReadable(pool, files);
  });

  test('no part can be moved to where an orphan is just being removed', async () => {
    const pool = await UpkeepPool.start({ storageServers: 4, layout });
    await withFiles(pool, 1);
    const [task] = await pool.catalogue.upkeep.segmentsAfter(0, 1);
    const { id = '', parts = [] } = task?.segment ?? {};
    const free = [1, 2, 3, 4].find((number) => !parts.some(({ server }) => server === number)) ?? 0;
    const from = parts[0]?.server ?? 0;
    const [part = ''] = await pool.partFiles(from);
    const path = relative(pool.server(from).configuration.folder, part);
    const orphan = join(pool.server(free).configuration.folder, path); // Of a catalogue that was lost, say.
    await mkdir(dirname(orphan), { recursive: true });
    await copyFile(part, orphan);
    const { files } = pool.server(free);
    if (!files) throw new Error('the server was not started');
    const began: boolean[] = [];
    const remove = files.removeFile.bind(files);
    vi.spyOn(files, 'removeFile').mockImplementation(async (removed) => {
      began.push(await pool.catalogue.upkeep.beginMove(id, 0, free));
      await remove(removed);
    });
    const result = await inventoryOf(pool, 0).take(pool.members.server(free), new AbortController().signal);
    expect(result).toEqual({ missing: 0, orphans: 1, removed: 1 });
    await pool.collected();
    expect(began).toContain(false);
    expect(began).not.toContain(true);
    expect(await pool.partFiles(free)).toEqual([]);
    expect(await pool.catalogue.upkeep.beginMove(id, 0, free)).toBe(true);
  });

  test('whoever needs the only connection to a server does not wait for the end of an inventory', async () => {
    const pool = await UpkeepPool.start({ storageServers: 3, layout, connections: 1 });
    const server = pool.members.server(1);
    let isDone = false;
    const inventory = inventoryOf(pool, 0)
      .take(server, new AbortController().signal)
      .finally(() => {
        isDone = true;
      });
    for (let turns = 0; turns < 20; turns++) await server.use((connection) => connection.ping());
    expect(isDone).toBe(false);
    await inventory;
  });
});
