/** Downloads while storage servers are slow, counted in bytes and commands, and what parity alone has to vouch for. */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { crc32 } from '../../src/coordinator/segments/crc32.ts';
import { CheckContext, checkBytes, SegmentGeometry } from '../../src/coordinator/segments/part-format.ts';
import { finalPartPath } from '../../src/coordinator/segments/part-writer.ts';
import { content, firstDifference } from './content.ts';
import type { FaultyStorage } from './faulty-storage.ts';
import { type PoolFixture, startPool } from './pool-fixture.ts';
import { download, upload } from './pool-transfers.ts';

const timeout = 120_000;
const bytes = content(20_000_000, 1);

function storageOf({ storage }: PoolFixture, number: number): FaultyStorage {
  const found = storage[number - 1];
  if (!found) throw new Error(`there is no storage server ${number}`);
  return found;
}

async function partBytes({ catalogue }: PoolFixture): Promise<number> {
  const { segments } = await catalogue.openFile('/file');
  return segments[0]?.parts[0]?.bytes ?? 0;
}

async function expectRight(pool: PoolFixture): Promise<void> {
  expect(firstDifference(await download(pool, '/file'), bytes)).toBeUndefined();
}

describe.each([
  { layout: { dataParts: 2, parityParts: 1 }, slow: [2] },
  { layout: { dataParts: 4, parityParts: 2 }, slow: [1] },
  { layout: { dataParts: 4, parityParts: 2 }, slow: [2, 3] },
  { layout: { dataParts: 1, parityParts: 2 }, slow: [1] },
])('layout $layout.dataParts+$layout.parityParts with slow storage servers $slow', { timeout }, ({
  layout,
  slow,
}) => {
  const storageServers = layout.dataParts + layout.parityParts;

  test.each([
    'read-is-slow',
    'read-trickles',
  ] as const)('%s: others are asked for the same blocks', async (fault) => {
    const pool = await startPool({ storageServers, layout });
    await upload(pool, '/file', bytes);
    for (const number of slow) storageOf(pool, number).fault = fault;
    await expectRight(pool);
    // What was measured decides who is read first the next time.
    await expectRight(pool);
    // They began, and sent a small piece; the rest came from parity.
    for (const number of slow) {
      expect(storageOf(pool, number).reads).toBeGreaterThan(0);
      expect(storageOf(pool, number).sent).toBeLessThan((await partBytes(pool)) / 2);
    }
    expect(await pool.catalogue.missingParts(1)).toEqual([]);
  });
});

test('without parity a slow storage server is waited for', { timeout }, async () => {
  const pool = await startPool({ storageServers: 2 });
  const small = bytes.subarray(0, 700_000);
  await upload(pool, '/file', small);
  storageOf(pool, 2).fault = 'read-is-slow';
  expect(firstDifference(await download(pool, '/file'), small)).toBeUndefined();
  expect(storageOf(pool, 2).reads).toBe(1);
});

test('parity that is right by its checks and wrong in its bytes gives an error at the end, not a file', {
  timeout,
}, async () => {
  const pool = await startPool({ storageServers: 3, layout: { dataParts: 2, parityParts: 1 } });
  await upload(pool, '/file', bytes);
  const [segment] = (await pool.catalogue.openFile('/file')).segments;
  const parity = segment?.parts[2];
  if (!segment || !parity) throw new Error('there is no parity part');
  const { id, layout, blockBytes, length } = segment;
  const path = join(
    pool.folders[parity.server - 1] ?? '',
    finalPartPath({ pool: pool.catalogue.pool, segment: id, index: 2 }),
  );
  const file = await readFile(path);
  const stripe = 3;
  const geometry = new SegmentGeometry(layout, blockBytes, length);
  const start = parity.headerBytes + geometry.stripeOffset(stripe);
  const block = file.subarray(start, start + geometry.blockLength(stripe, 2));
  block[1000] = (block[1000] ?? 0) ^ 1;
  const check = crc32(block, new CheckContext(id, 2).seed(stripe));
  file.writeUInt32BE(check, start + block.length);
  expect(checkBytes).toBe(4);
  await writeFile(path, file);

  await pool.stopStorageServer(1);
  const source = await pool.files.read('/file', 0);
  let arrived = 0;
  source.on('data', (chunk: Buffer) => {
    arrived += chunk.length;
  });
  const [error] = await once(source, 'error');
  expect(error).toMatchObject({
    kind: 'damaged',
    message: expect.stringContaining('what they make together'),
  });
  expect(arrived).toBeLessThan(bytes.length);
});
