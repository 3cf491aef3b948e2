/** More parts of a segment are damaged than there is parity, but each stripe has `k` right blocks all the same. */
import { readFile, truncate } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { flipBit } from './bit-flip.ts';
import { content } from './content.ts';
import { UpkeepPool } from './upkeep-fixture.ts';

const timeout = 240_000;
const blockBytes = 256 * 1024;
/** Of a block and its check in a part. */
const step = blockBytes + 4;
const twoOne = { dataParts: 2, parityParts: 1 };

/** Native paths of the parts of the only file, by index. */
async function partFiles(pool: UpkeepPool): Promise<string[]> {
  const found = (await Promise.all(pool.servers.map((_, index) => pool.partFiles(index + 1)))).flat();
  return found.sort(
    (a, b) => Number(a.slice(a.lastIndexOf('.') + 1)) - Number(b.slice(b.lastIndexOf('.') + 1)),
  );
}

/** One bit is wrong in the block of that stripe. */
async function damageStripe(file: string, stripe: number): Promise<void> {
  const bodyStart = 16 + (await readFile(file)).readUInt32BE(8);
  await flipBit(file, bodyStart + stripe * step + 1000);
}

async function expectReadable(pool: UpkeepPool, bytes: Buffer): Promise<void> {
  expect((await pool.download('/file')).equals(bytes)).toBe(true);
}

/** Nobody repairs while it is read; then everything is repaired, and nothing is wrong any more. */
async function expectRightAndRepaired(pool: UpkeepPool, bytes: Buffer, damaged: number): Promise<void> {
  await expectReadable(pool, bytes);
  await expectReadable(pool, bytes); // Also now that the parts are known to be damaged.
  await pool.restart();
  await pool.verify();
  await pool.whole();
  expect((await pool.upkeep.repairer.report()).repairedParts).toBeGreaterThanOrEqual(damaged);
  expect(await pool.verify()).toBe(0);
  await expectReadable(pool, bytes);
}

describe.each([twoOne, { dataParts: 4, parityParts: 2 }])('$dataParts+$parityParts', {
  timeout,
}, (layout) => {
  const count = layout.dataParts + layout.parityParts;
  const bytes = content((count + 1) * layout.dataParts * blockBytes + 12_345, 1);

  async function start(): Promise<{ readonly pool: UpkeepPool; readonly files: readonly string[] }> {
    const pool = await UpkeepPool.start({ storageServers: count, layout });
    await pool.upload('/file', bytes);
    await pool.upkeep.stop();
    return { pool, files: await partFiles(pool) };
  }

  test('every part is wrong in a stripe of its own', async () => {
    const { pool, files } = await start();
    for (const [index, file] of files.entries()) await damageStripe(file, index);
    await expectRightAndRepaired(pool, bytes, count);
  });

  test('every stripe is wrong in as many parts as there is parity', async () => {
    const { pool, files } = await start();
    for (let stripe = 0; stripe < count; stripe++) {
      for (let each = 0; each < layout.parityParts; each++) {
        await damageStripe(files[(stripe + each) % count] ?? '', stripe);
      }
    }
    await expectRightAndRepaired(pool, bytes, count);
  });

  test('headers and footers are wrong, too', async () => {
    const { pool, files } = await start();
    for (const file of files.slice(0, layout.parityParts)) await flipBit(file, 40);
    for (const file of files.slice(-layout.parityParts))
      await flipBit(file, (await readFile(file)).length - 20);
    await expectRightAndRepaired(pool, bytes, 2 * layout.parityParts);
  });
});

test('a part that begins with many wrong blocks gives the last right one of a stripe', {
  timeout,
}, async () => {
  const bytes = content(9 * 2 * blockBytes, 2);
  const pool = await UpkeepPool.start({ storageServers: 3, layout: twoOne });
  await pool.upload('/file', bytes);
  await pool.upkeep.stop();
  const [first = '', second = ''] = await partFiles(pool);
  for (let stripe = 0; stripe < 6; stripe++) await damageStripe(first, stripe);
  await damageStripe(second, 7);
  await expectRightAndRepaired(pool, bytes, 2);
});

test('so does one that is too short', { timeout }, async () => {
  const bytes = content(9 * 2 * blockBytes, 3);
  const pool = await UpkeepPool.start({ storageServers: 3, layout: twoOne });
  await pool.upload('/file', bytes);
  const [first = '', second = ''] = await partFiles(pool);
  await truncate(first, 5 * step);
  await damageStripe(second, 1);
  await pool.verify();
  await pool.whole();
  expect(await pool.verify()).toBe(0);
  await expectReadable(pool, bytes);
});
