/** The missing parts of live segments, which are the repair queue: durable with the commit, most endangered first. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SqliteCatalogue } from '../../src/coordinator/catalogue/sqlite-catalogue.ts';
import { crc32 } from '../../src/coordinator/segments/crc32.ts';
import type { Layout } from '../../src/coordinator/segments/part-format.ts';

let folder: string;
let catalogue: SqliteCatalogue;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'splitftp-repairs-'));
  catalogue = new SqliteCatalogue(folder);
});
afterEach(async () => {
  await catalogue.close();
  await rm(folder, { recursive: true });
});

/** An upload with parts that were not stored, as the coordinator commits it. @returns the segment's id */
async function store(path: string, layout: Layout, missing: readonly number[]): Promise<string> {
  const id = randomBytes(16).toString('hex');
  const servers = Array.from({ length: layout.dataParts + layout.parityParts }, (_, index) => index + 1);
  await catalogue.beginSegment({ id, layout, blockBytes: 262144, servers });
  const parts = servers.map((_, index) =>
    missing.includes(index)
      ? { headerBytes: 0, bytes: 0, stored: false }
      : { headerBytes: 300, bytes: 600, stored: true },
  );
  await catalogue.commitFile(path, {
    file: randomBytes(16).toString('hex'),
    append: undefined,
    segments: [{ id, length: 3, crc32: crc32('abc'), parts }],
  });
  return id;
}

async function queue(): Promise<string[]> {
  return (await catalogue.missingParts(100)).map(({ segment }) => segment.id);
}

test('what an upload could not store is queued with its commit, and survives a restart', async () => {
  await catalogue.makeDirectory('/docs');
  const id = await store('/docs/a', { dataParts: 2, parityParts: 1 }, [2]);
  await catalogue.close();
  catalogue = new SqliteCatalogue(folder);
  expect(await catalogue.missingParts(1)).toMatchObject([
    {
      path: '/docs/a',
      position: 0,
      sequence: 1,
      file: (await catalogue.stat('/docs/a')).unique,
      segment: { id, parts: [{ stored: true }, { stored: true }, { stored: false, server: 3 }] },
    },
  ]);
  expect(await catalogue.totals()).toMatchObject({ missingParts: 1 });
  expect((await catalogue.totals()).servers.get(3)).toBeUndefined();
});

test('the least redundancy comes first, and what is lost comes last', async () => {
  const lost = await store('/lost', { dataParts: 2, parityParts: 1 }, [0, 1]);
  const safe = await store('/safe', { dataParts: 4, parityParts: 2 }, [5]);
  const bare = await store('/bare', { dataParts: 4, parityParts: 2 }, [0, 5]);
  const thin = await store('/thin', { dataParts: 2, parityParts: 1 }, [1]);
  await store('/whole', { dataParts: 2, parityParts: 1 }, []);
  expect(await queue()).toEqual([bare, thin, safe, lost]);
  expect(await catalogue.missingParts(2)).toHaveLength(2);
});

test('a damaged part is queued, and leaves the queue when it is stored again, also elsewhere', async () => {
  const id = await store('/a', { dataParts: 2, parityParts: 1 }, []);
  expect(await catalogue.markPartMissing(id, 1, 2)).toBe(true);
  expect(await catalogue.markPartMissing(id, 1, 2)).toBe(false);
  expect(await queue()).toEqual([id]);
  expect(await catalogue.markPartStored(id, 1, 4, { headerBytes: 310, bytes: 610 })).toBe(true);
  expect(await queue()).toEqual([]);
  const [segment] = (await catalogue.openFile('/a')).segments;
  expect(segment?.parts[1]).toMatchObject({ server: 4, headerBytes: 310, bytes: 610, stored: true });
});

test('a part that has moved meanwhile is not missing', async () => {
  const id = await store('/a', { dataParts: 2, parityParts: 1 }, []);
  await catalogue.markPartStored(id, 1, 4, { headerBytes: 310, bytes: 610 });
  expect(await catalogue.markPartMissing(id, 1, 2)).toBe(false);
  expect(await queue()).toEqual([]);
});

test('what is deleted needs no repair, and a part stored too late is removed with the others', async () => {
  const id = await store('/a', { dataParts: 2, parityParts: 1 }, [2]);
  await catalogue.removeFile('/a');
  expect(await queue()).toEqual([]);
  expect(await catalogue.totals()).toMatchObject({ missingParts: 0 });
  expect(await catalogue.markPartMissing(id, 0, 1)).toBe(false);
  expect(await catalogue.markPartStored(id, 2, 4, { headerBytes: 310, bytes: 610 })).toBe(false);
  expect(await catalogue.garbage(4, 10)).toEqual([{ segment: id, index: 2, settled: true }]);
});

test('a partial upload is repaired too, with the path it has', async () => {
  await catalogue.makeDirectory('/d');
  const id = randomBytes(16).toString('hex');
  const layout = { dataParts: 1, parityParts: 1 };
  await catalogue.beginSegment({ id, layout, blockBytes: 262144, servers: [1, 2] });
  const parts = [
    { headerBytes: 300, bytes: 600, stored: true },
    { headerBytes: 0, bytes: 0, stored: false },
  ];
  const segments = [{ id, length: 3, crc32: crc32('abc'), parts }];
  await catalogue.suspendUpload('/d/half', { file: 'f', append: undefined, segments });
  await catalogue.rename('/d', '/e');
  expect(await catalogue.missingParts(10)).toMatchObject([{ path: '/e/half', file: 'f', segment: { id } }]);
});
