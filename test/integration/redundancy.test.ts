/** Storage servers that fail, stall, lie or lose parts, in every phase of uploads and downloads. */
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Layout } from '../../src/coordinator/segments/part-format.ts';
import { content, firstDifference } from './content.ts';
import { type PoolFixture, startPool } from './pool-fixture.ts';
import { download, upload } from './pool-transfers.ts';

const block = 256 * 1024;
const twoOne = { dataParts: 2, parityParts: 1 };
/** Milliseconds for a block that others are preferred to: a part is not given up before 100, of which the average takes 30 %. */
const leastSlow = 25;
const fourTwo = { dataParts: 4, parityParts: 2 };

function partsOf({ dataParts, parityParts }: Layout): number {
  return dataParts + parityParts;
}

async function expectSame(pool: PoolFixture, path: string, bytes: Buffer, offset = 0): Promise<void> {
  const read = await download(pool, path, { offset });
  expect(firstDifference(read, bytes.subarray(offset)), `${path} from ${offset}`).toBeUndefined();
}

/** Which parts are missing, by segment: their indices. */
async function missing({ catalogue }: PoolFixture): Promise<number[][]> {
  const queue = await catalogue.missingParts(100);
  return queue.map(({ segment }) => segment.parts.flatMap(({ stored }, index) => (stored ? [] : [index])));
}

/** Files of one segment that a storage server holds: its parts, the same in each server's order of making. */
async function partFiles({ folders }: PoolFixture, number: number): Promise<string[]> {
  const folder = folders[number - 1] ?? '';
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Turns a bit of every part on a storage server, at this share of its length. */
async function damageParts(pool: PoolFixture, number: number, where: number): Promise<void> {
  for (const path of await partFiles(pool, number)) {
    const bytes = await readFile(path);
    const at = Math.floor(where * bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(path, bytes);
  }
}

function stop(pool: PoolFixture, ...numbers: readonly number[]): Promise<unknown> {
  return Promise.all(numbers.map((number) => pool.stopStorageServer(number)));
}

describe.each([
  { dataParts: 1, parityParts: 0 },
  { dataParts: 2, parityParts: 0 },
  { dataParts: 1, parityParts: 1 },
  twoOne,
  fourTwo,
  { dataParts: 3, parityParts: 3 },
  { dataParts: 8, parityParts: 4 },
])('layout $dataParts+$parityParts', (layout) => {
  const stripe = layout.dataParts * block;
  const sizes = [0, 1, block - 1, block, block + 1, stripe - 1, stripe, stripe + 1, 2 * stripe + 777];

  test('files of every size are read whole, and with as many parts lost as may be', {
    timeout: 240_000,
  }, async () => {
    const storageServers = partsOf(layout);
    const pool = await startPool({ storageServers, layout });
    const files = [...new Set(sizes)].map((size) => ({ path: `/${size}`, bytes: content(size, size + 1) }));
    for (const { path, bytes } of files) {
      expect(await upload(pool, path, bytes)).toBe(
        bytes.length === 0
          ? 'Stored'
          : `Stored in ${storageServers} parts on storage servers ${Array.from({ length: storageServers }, (_, index) => index + 1).join(', ')}`,
      );
    }
    expect(await missing(pool)).toEqual([]);
    for (const { path, bytes } of files) await expectSame(pool, path, bytes);
    // The first data part, and as many neighbours as there are parity parts.
    for (let number = 1; number <= layout.parityParts; number++) {
      for (const path of await partFiles(pool, number)) await rm(path);
    }
    for (const { path, bytes } of files) {
      for (const offset of [0, 1, block, stripe - 1, stripe, bytes.length]) {
        if (offset <= bytes.length) await expectSame(pool, path, bytes, offset);
      }
    }
    const lost = Array.from({ length: layout.parityParts }, (_, index) => index);
    // Which parts were read depends on how quick their servers were; no other one may be thought to be missing.
    for (const found of await missing(pool)) expect(lost).toEqual(expect.arrayContaining(found));
    await stop(pool, storageServers); // One more than may be: every part that is left is asked for.
    const whole = files.filter(({ bytes }) => bytes.length > 0);
    for (const { path } of whole) {
      await expect(download(pool, path)).rejects.toMatchObject({ kind: 'unavailable' });
    }
    await vi.waitFor(async () => {
      expect(await missing(pool)).toEqual(lost.length > 0 ? whole.map(() => lost) : []);
    });
  });
});

describe('an upload', () => {
  const bytes = content(9 * 4 * block + 12_345, 3);

  test.each([
    ['before it begins', 0],
    ['in its middle', bytes.length / 2],
    ['at its end', bytes.length],
  ])('of 4+2 while two storage servers end %s', { timeout: 60_000 }, async (_when, at) => {
    const pool = await startPool({ storageServers: 6, layout: fourTwo });
    const run = async () => void (await stop(pool, 2, 6));
    const reply = await upload(pool, '/a', bytes, { at, run });
    expect(reply).toMatch(/^Stored in 4 of 6 parts; the repair is queued: .*storage server [26] \(127/);
    expect(reply).toMatch(
      /storage server 2 \(.*storage server 6 \(|storage server 6 \(.*storage server 2 \(/,
    );
    expect(await missing(pool)).toEqual([[1, 5]]);
    await expectSame(pool, '/a', bytes);
    await pool.startStorageServer(2);
    await pool.startStorageServer(6);
    expect(await upload(pool, '/b', bytes)).toMatch(/^Stored in 6 parts/);
    await expectSame(pool, '/b', bytes);
  });

  test('is refused before its first byte when too few storage servers are up, and all that are down are named', async () => {
    const pool = await startPool({ storageServers: 3, layout: twoOne });
    await upload(pool, '/old', Buffer.from('old'));
    await stop(pool, 1, 3);
    const refused = upload(pool, '/a', bytes);
    await expect(refused).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/storage server 1 \(.* is down.*storage server 3 \(.* is down/),
    });
    await expect(download(pool, '/old')).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(
        /^1 of 3 parts can be read, and 2 are needed: .*storage server 1 .*storage server 3 /,
      ),
    });
  });

  test('fails in its middle when fewer storage servers are left than the quorum asks for', async () => {
    const pool = await startPool({ storageServers: 6, layout: fourTwo, quorum: 5 });
    await upload(pool, '/a', Buffer.from('old'));
    const run = async () => void (await stop(pool, 1, 2));
    await expect(upload(pool, '/a', bytes, { at: bytes.length / 2, run })).rejects.toMatchObject({
      message: expect.stringMatching(
        /^only 4 of 6 parts can be stored, and 5 are needed: .*server 1.*server 2/,
      ),
    });
    await expectSame(pool, '/a', Buffer.from('old'));
  });

  test.each([
    ['fails', 'write-fails', /storage server 2 \(.*is full/],
    ['stands still', 'write-stalls', /storage server 2 \(.*lags behind/],
    ['confirms, and has nothing', 'write-is-forgotten', /storage server 2 \(.*it kept none of/],
    ['confirms, and has less', 'size-is-wrong', /storage server 2 \(.*it kept \d+ of \d+ bytes/],
  ] as const)(
    'goes on without a storage server that %s',
    { timeout: 60_000 },
    async (_what, fault, reason) => {
      const pool = await startPool({ storageServers: 3, layout: twoOne, patience: 500 });
      Object.assign(pool.storage[1] ?? {}, { fault, after: 300_000 });
      const reply = await upload(pool, '/a', bytes);
      expect(reply).toMatch(/^Stored in 2 of 3 parts; the repair is queued: /);
      expect(reply).toMatch(reason);
      expect(await missing(pool)).toEqual([[1]]);
      await expectSame(pool, '/a', bytes);
    },
  );

  test('a storage server that stood still keeps the next upload waiting no more, and is used again later', {
    timeout: 60_000,
  }, async () => {
    const pool = await startPool({ storageServers: 3, layout: twoOne, patience: 500 });
    const server = pool.pool.server(1);
    Object.assign(pool.storage[0] ?? {}, { fault: 'write-stalls', after: 0 });
    await upload(pool, '/a', bytes);
    expect(server.promptness.slowness).toMatch(/lags behind/);
    await server.whyDown(); // It answers, so that it gets another chance,
    expect(await upload(pool, '/b', bytes)).toMatch(/^Stored in 2 of 3 parts; .*server 1 .* lags behind/);
    await server.whyDown(); // and none after that.
    expect(await upload(pool, '/c', bytes)).toMatch(/^Stored in 2 of 3 parts; .*server 1 .* stood still/);
    expect(await missing(pool)).toEqual([[0], [0], [0]]);
  });

  test('a storage server that stood still once and answers again is trusted with the next upload', async () => {
    const pool = await startPool({ storageServers: 3, layout: twoOne, patience: 500 });
    Object.assign(pool.storage[0] ?? {}, { fault: 'write-stalls', after: 0 });
    await upload(pool, '/a', bytes);
    Object.assign(pool.storage[0] ?? {}, { fault: undefined });
    await pool.pool.server(1).whyDown();
    expect(await upload(pool, '/b', bytes)).toMatch(/^Stored in 3 parts/);
    expect(await missing(pool)).toEqual([[0]]);
  });

  test('what is appended and what continues an interrupted upload is redundant as well', async () => {
    const pool = await startPool({ storageServers: 3, layout: twoOne });
    await upload(pool, '/a', bytes.subarray(0, 700_000));
    await stop(pool, 2);
    expect(await upload(pool, '/a', bytes.subarray(700_000), { mode: 'append' })).toMatch(
      /^Stored in 2 of 3 parts/,
    );
    expect(await missing(pool)).toEqual([[1]]);
    await expectSame(pool, '/a', bytes);
    const half = await pool.files.write('/half', 'replace', new AbortController().signal);
    half.stream.write(bytes.subarray(0, 900_000));
    await half.abort();
    expect(await missing(pool)).toEqual([[1], [1]]);
    await upload(pool, '/half', bytes.subarray(900_000), { mode: 'append' });
    await expectSame(pool, '/half', bytes);
  });
});

describe('a download', () => {
  const bytes = content(24 * 4 * block + 54_321, 5);

  async function stored(): Promise<PoolFixture> {
    const pool = await startPool({ storageServers: 6, layout: fourTwo });
    await upload(pool, '/a', bytes);
    return pool;
  }

  test.each([
    ['before it begins', 0],
    ['in its middle', bytes.length / 2],
    ['near its end', bytes.length - 5 * block],
  ])(
    'while two storage servers end %s gets every byte, and no part is thought to be missing',
    {
      timeout: 60_000,
    },
    async (_when, at) => {
      const pool = await stored();
      if (at === 0) await stop(pool, 1, 3);
      const run = async () => void (at > 0 && (await stop(pool, 1, 3)));
      const read = await download(pool, '/a', { at, run });
      expect(firstDifference(read, bytes)).toBeUndefined();
      expect(await missing(pool)).toEqual([]);
      await expectSame(pool, '/a', bytes, 5 * block + 17);
      await pool.startStorageServer(1);
      await pool.startStorageServer(3);
      await stop(pool, 2, 4);
      await expectSame(pool, '/a', bytes);
    },
  );

  test('with wrong bytes in two parts gets the right ones, and queues the repair of both', async () => {
    const pool = await stored();
    await damageParts(pool, 2, 0.3);
    await damageParts(pool, 4, 0.7);
    await expectSame(pool, '/a', bytes);
    await stop(pool, 1); // Three whole parts of six are left, and of each stripe four right blocks.
    await expectSame(pool, '/a', bytes);
    await stop(pool, 3); // Now all that are left are asked, at each of the two places.
    for (const offset of [0, Math.floor(bytes.length / 2)]) {
      await expect(download(pool, '/a', { offset })).rejects.toMatchObject({ kind: 'unavailable' });
    }
    await vi.waitFor(async () => expect(await missing(pool)).toEqual([[1, 3]]));
  });

  test('with a header, a footer and a part that is too short gets every byte', async () => {
    const pool = await startPool({ storageServers: 6, layout: { dataParts: 3, parityParts: 3 } });
    await upload(pool, '/a', bytes);
    await damageParts(pool, 1, 0);
    await damageParts(pool, 2, 0.999999);
    const [part] = await partFiles(pool, 3);
    if (part) await writeFile(part, (await readFile(part)).subarray(0, -1));
    await expectSame(pool, '/a', bytes);
    await expectSame(pool, '/a', bytes, 3 * block);
    await stop(pool, 5, 6); // The one with a wrong footer has to be read to its end.
    await expect(download(pool, '/a', { offset: 3 * block })).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(download(pool, '/a')).rejects.toMatchObject({ kind: 'unavailable' });
    await vi.waitFor(async () => expect(await missing(pool)).toEqual([[0, 1, 2]]));
  });

  test('with more damage than may be never gives a wrong byte, and names what is needed', async () => {
    const pool = await startPool({ storageServers: 3, layout: twoOne });
    await upload(pool, '/a', bytes);
    await damageParts(pool, 1, 0.5);
    await damageParts(pool, 3, 0.5);
    const source = await pool.files.read('/a', 0);
    const chunks: Buffer[] = [];
    source.on('data', (chunk: Buffer) => chunks.push(chunk));
    const [error] = await once(source, 'error');
    expect(error).toMatchObject({
      kind: 'damaged',
      message: expect.stringMatching(
        /^1 of 3 parts can be read, and 2 are needed: part 1 .*server 1 .*wrong bytes.*part 3 .*server 3 .*wrong/,
      ),
    });
    const arrived = Buffer.concat(chunks);
    expect(arrived.length).toBeGreaterThan(bytes.length / 3);
    expect(firstDifference(arrived, bytes.subarray(0, arrived.length))).toBeUndefined();
  });

  test.each(['read-stalls', 'read-trickles'] as const)('goes on without storage servers of which one %s', {
    timeout: 60_000,
  }, async (fault) => {
    const pool = await stored();
    for (const number of [1, 4]) Object.assign(pool.storage[number - 1] ?? {}, { fault, after: 5 * block });
    await expectSame(pool, '/a', bytes);
    expect(await missing(pool)).toEqual([]);
    await expectSame(pool, '/a', bytes);
  });

  test('remembers for the next one which storage servers stood still', {
    timeout: 60_000,
  }, async () => {
    // What is known of their pace is not to grow old meanwhile.
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const pool = await stored();
    for (const number of [1, 4])
      Object.assign(pool.storage[number - 1] ?? {}, { fault: 'read-stalls', after: 0 });
    await expectSame(pool, '/a', bytes);
    for (const number of [1, 4]) {
      const { slowness, blockTime = 0 } = pool.pool.server(number).promptness;
      expect(slowness !== undefined || blockTime > leastSlow, `storage server ${number}`).toBe(true);
    }
  });

  test('waits for a slow storage server when there is no other', { timeout: 60_000 }, async () => {
    const pool = await startPool({ storageServers: 3, layout: twoOne, timeout: 4 });
    await upload(pool, '/a', bytes);
    await stop(pool, 3);
    const storage = pool.storage[0];
    Object.assign(storage ?? {}, { fault: 'read-stalls', after: 3 * block });
    const source = await pool.files.read('/a', 0);
    // It is given up for the one that is down, asked again for want of that, and once more after its time-out.
    const read = buffer(source);
    await vi.waitFor(() => expect(pool.pool.server(1).promptness.slowness).toBeDefined(), {
      timeout: 20_000,
    });
    await vi.waitFor(() => expect(pool.pool.server(3).downSince).toBeDefined(), { timeout: 20_000 });
    Object.assign(storage ?? {}, { fault: undefined });
    expect(firstDifference(await read, bytes)).toBeUndefined();
  });

  test('that pauses gives its connections back and goes on where it was, with a storage server gone meanwhile', async () => {
    const pool = await stored();
    const read = await download(pool, '/a', {
      at: 3_000_000,
      run: async () => {
        await stop(pool, 5);
        await stop(pool, 2);
      },
    });
    expect(firstDifference(read, bytes)).toBeUndefined();
  });
});
