/** What must stay quick when a pool has very many files: nothing looks at all of them while everybody waits. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SqliteCatalogue } from '../../src/coordinator/catalogue/sqlite-catalogue.ts';
import { crc32 } from '../../src/coordinator/segments/crc32.ts';
import { temporaryFolder } from './ftp-server-fixture.ts';
import { UpkeepPool } from './upkeep-fixture.ts';

const layout = { dataParts: 2, parityParts: 1 };
const servers = [1, 2, 3];
const part = { headerBytes: 300, bytes: 600, stored: true };

/** Files of one segment, as they are committed, without a byte of them anywhere. @returns ids of their segments */
async function commitFiles(catalogue: SqliteCatalogue, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, index) => index.toString(16).padStart(32, '0'));
  for (const id of ids) {
    await catalogue.beginSegment({ id, layout, blockBytes: 262144, servers });
    const segments = [{ id, length: 3, crc32: crc32('abc'), parts: [part, part, part] }];
    await catalogue.commitFile(`/${id}`, { file: `file-${id}`, append: undefined, segments });
  }
  return ids;
}

test('parts are marked missing together, and the queue and its sums know of each', async () => {
  const folder = await temporaryFolder();
  const catalogue = new SqliteCatalogue(folder);
  try {
    const [first = '', second = '', third = ''] = await commitFiles(catalogue, 3);
    await catalogue.markPartsMissing([
      { segment: first, index: 2, server: 3 },
      { segment: second, index: 2, server: 3 },
      { segment: second, index: 1, server: 2 },
      { segment: third, index: 0, server: 3 }, // It is on another one.
    ]);
    const queue = await catalogue.missingParts(10);
    expect(queue.map(({ segment }) => segment.id)).toEqual([first, second]);
    expect(await catalogue.upkeep.missing()).toEqual(
      new Map([
        [2, { parts: 1, bytes: 600 }],
        [3, { parts: 2, bytes: 1200 }],
      ]),
    );
    expect(await catalogue.upkeep.health(servers)).toEqual({ degraded: 1, unavailable: 0, lost: 1 });
    expect(await catalogue.upkeep.health([2, 3])).toEqual({ degraded: 1, unavailable: 1, lost: 1 });

    await catalogue.markPartStored(first, 2, 4, { headerBytes: 310, bytes: 610 });
    await catalogue.removeFile(`/${second}`);
    expect(await catalogue.missingParts(10)).toEqual([]);
    expect(await catalogue.upkeep.missing()).toEqual(new Map());
    expect((await catalogue.totals()).missingParts).toBe(0);
    for (const server of servers) await catalogue.forgetParts(await catalogue.garbage(server, 10));
    expect(await catalogue.upkeep.missing()).toEqual(new Map());
    expect(await catalogue.upkeep.partSums()).toEqual((await catalogue.totals()).servers);
  } finally {
    await catalogue.close();
  }
});

test('a catalogue that has counted nothing yet knows its missing parts at once', async () => {
  const folder = await temporaryFolder();
  const catalogue = new SqliteCatalogue(folder);
  const [first = '', second = ''] = await commitFiles(catalogue, 2);
  await catalogue.markPartMissing(first, 2, 3);
  await catalogue.markPartMissing(second, 1, 2);
  await catalogue.close();
  // As the version before had it.
  const database = new DatabaseSync(join(folder, 'catalogue.sqlite'));
  database.exec(
    `DROP TRIGGER missing_forgotten; DROP TRIGGER missing_recounted; DROP INDEX repair_queue; DROP TABLE missing_sum;
     ALTER TABLE segment DROP COLUMN missing; PRAGMA user_version = 7;`,
  );
  database.close();
  const upgraded = new SqliteCatalogue(folder);
  try {
    expect((await upgraded.missingParts(10)).map(({ segment }) => segment.id)).toEqual([first, second]);
    expect((await upgraded.totals()).missingParts).toBe(2);
    expect((await upgraded.upkeep.missing()).get(3)).toEqual({ parts: 1, bytes: 600 });
  } finally {
    await upgraded.close();
  }
});

test('the head of the repair queue is found without looking at the rest of it', async () => {
  const folder = await temporaryFolder();
  await new SqliteCatalogue(folder).close();
  const database = new DatabaseSync(join(folder, 'catalogue.sqlite'));
  try {
    const plan = database
      .prepare(
        `EXPLAIN QUERY PLAN SELECT * FROM segment INDEXED BY repair_queue
          WHERE state = 'live' AND missing > 0 AND repair_after <= 1
          ORDER BY missing > parity_parts, parity_parts - missing, sequence LIMIT 12`,
      )
      .all()
      .map(({ detail }) => detail);
    expect(plan).toEqual([expect.stringContaining('repair_queue')]); // No sorting.
  } finally {
    database.close();
  }
});

test('others have their turn while a verification counts what it has to do', async () => {
  const pool = await UpkeepPool.start({ storageServers: 3, layout, upkeep: { rate: 0 } });
  await commitFiles(pool.catalogue, 200);
  let turns = 0;
  const others = (async () => {
    for (; turns < 3; turns++) await nextTurn();
  })();
  const { id, parts } = await pool.upkeep.verifications.start('/');
  expect(parts).toBe(600);
  expect(turns).toBe(3);
  await others;
  pool.upkeep.verifications.stopOne(id);
});
