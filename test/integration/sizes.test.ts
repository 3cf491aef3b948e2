/** Files of every size that could be a special case, over one, two and three storage servers: 1+0, 2+0 and 2+1. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Client } from 'basic-ftp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SplitClient } from '../../src/client/split-client.ts';
import { content, firstDifference } from './content.ts';
import { append, hash, openSession, receive, resume, retrieve, store } from './ftp-session.ts';
import { startServers, type TestServers } from './servers.ts';
import { expectOnlyParts, partFile, readBlocks } from './stored-parts.ts';

const block = 256 * 1024;

describe.each([1, 2, 3])('%i storage servers', (storageServers) => {
  const dataParts = Math.min(storageServers, 2);
  const stripe = dataParts * block;
  const sizes = [
    ...new Set([
      0,
      1,
      2,
      3,
      block - 1,
      block,
      block + 1,
      stripe - 1,
      stripe,
      stripe + 1,
      5 * stripe + 12_345,
    ]),
  ];
  let servers: TestServers;
  let session: Client;

  beforeAll(async () => {
    servers = await startServers({ storageServers });
    session = await openSession(servers.configuration.coordinator);
  });
  afterAll(async () => {
    session.close();
    await servers.stop();
  });

  test.each(sizes)('%i bytes go up, lie in even parts, and come down', async (size) => {
    const client = servers.client();
    const bytes = content(size, size);
    const local = join(servers.folder, `up-${size}`);
    await writeFile(local, bytes);
    expect(await client.uploadFile(local, `/${size}`)).toMatchObject({ files: 1, bytes: size, failures: [] });
    expect(await client.stat(`/${size}`)).toMatchObject({ kind: 'file', size });

    const parts = await client.where(`/${size}`);
    expect(parts.map(({ number }) => number).sort()).toEqual(
      size === 0 ? [] : Array.from({ length: storageServers }, (_, index) => index + 1),
    );
    const all = await Promise.all(parts.map((part) => readBlocks(partFile(servers, part))));
    const columns = all.slice(0, dataParts);
    for (const [row, parity] of (all[dataParts] ?? []).entries()) {
      expect(parity).toEqual(xor(columns.map((blocks) => blocks[row] ?? Buffer.alloc(0))));
    }
    const shares = columns.map((blocks) => blocks.reduce((sum, { length }) => sum + length, 0));
    expect(Math.max(0, ...shares)).toBeLessThanOrEqual(Math.ceil(size / dataParts));
    const rows = columns[0]?.map((_, row) => columns.map((blocks) => blocks[row] ?? Buffer.alloc(0))) ?? [];
    expect(firstDifference(Buffer.concat(rows.flat()), bytes)).toBeUndefined();

    const down = join(servers.folder, `down-${size}`);
    expect(await client.downloadFile(`/${size}`, down)).toMatchObject({
      files: 1,
      bytes: size,
      failures: [],
    });
    expect(firstDifference(await readFile(down), bytes)).toBeUndefined();
    expect(Number.parseInt(await hash(session, `/${size}`), 16)).toBe(crc32(bytes));
  });

  test('a download can begin at any offset', async () => {
    const size = 3 * stripe + 1000;
    const bytes = content(size, 1);
    await store(session, '/offsets', bytes);
    const edges = [0, block, stripe, 2 * stripe, 3 * stripe, 3 * stripe + Math.ceil(1000 / dataParts), size];
    const offsets = edges.flatMap((edge) => [edge - 1, edge, edge + 1]);
    for (const offset of new Set(offsets.filter((candidate) => candidate >= 0 && candidate <= size))) {
      const rest = await retrieve(session, '/offsets', offset);
      expect(firstDifference(rest, bytes.subarray(offset)), `from ${offset}`).toBeUndefined();
    }
    const beyond = await receive(session, '/offsets', size + 1);
    expect(beyond).toMatchObject({ bytes: Buffer.alloc(0), error: { code: 554 } });
  });

  test.each([
    ...new Set([0, 1, block, stripe, stripe + 1]),
  ])('a file of %i bytes is appended to', async (first) => {
    const path = `/append-${first}`;
    const size = first + stripe + 100;
    const bytes = content(size + 1, first + 7);
    await store(session, path, bytes.subarray(0, first));
    await append(session, path, bytes.subarray(first, size));
    await resume(session, path, size, bytes.subarray(size));
    await expect(resume(session, path, 1, Buffer.from('x'))).rejects.toMatchObject({ code: 554 });
    for (const offset of [0, Math.max(0, first - 1), first, first + 1, size]) {
      const rest = await retrieve(session, path, offset);
      expect(firstDifference(rest, bytes.subarray(offset)), `from ${offset}`).toBeUndefined();
    }
    expect(await session.size(path)).toBe(bytes.length);
    expect(Number.parseInt(await hash(session, path), 16)).toBe(crc32(bytes));
  });

  test('nothing but the parts of the files is left', async () => {
    const client = servers.client();
    const files = await client.list('/');
    const parts = await Promise.all(files.map(({ path }) => client.where(path)));
    await expectOnlyParts(servers, parts.flat());
  });
});

describe('one pool', () => {
  let servers: TestServers;

  beforeAll(async () => {
    servers = await startServers();
  });
  afterAll(() => servers.stop());

  const names = [
    ' leading and trailing ',
    "it's",
    '"quoted" name',
    '-x',
    '--help',
    '100% #1 [a];{b}?*',
    'back\\slash',
    '~',
    '...',
    'CON',
    'Grüße, 日本語 и 🚀',
    'e\u0301 is not \u00e9',
    'x'.repeat(255),
  ];

  test.each(names)('the name %j, of a file and of a folder', async (name) => {
    const session = await openSession(servers.configuration.coordinator);
    const folder = `/${name} folder`.slice(0, 200);
    const bytes = content(100, name.length);
    await session.send(`MKD ${folder}`);
    await store(session, `${folder}/${name}`, bytes);
    expect((await session.list(folder)).map((entry) => entry.name)).toEqual([name]);
    await session.rename(`${folder}/${name}`, `/${name}`);
    expect(await retrieve(session, `/${name}`)).toEqual(bytes);
    expect((await session.list('/')).map((entry) => entry.name)).toContain(name);
    await session.send(`RMD ${folder}`);
    await session.remove(`/${name}`);
    expect((await session.list('/')).map((entry) => entry.name)).not.toContain(name);
    session.close();
  });

  test('fifty uploads at once', async () => {
    const { coordinator } = servers.configuration;
    const client = new SplitClient({ ...coordinator, connections: 50 });
    const files = Array.from({ length: 50 }, (_, index) => ({
      local: join(servers.folder, `many-${index}`),
      bytes: content(600_000 + index, index),
    }));
    await Promise.all(files.map(({ local, bytes }) => writeFile(local, bytes)));
    const uploads = files.map(({ local }) => client.upload([local], '/many'));
    for (const result of await Promise.all(uploads)) expect(result).toMatchObject({ files: 1, failures: [] });
    const down = join(servers.folder, 'down');
    const result = await client.download(['/many'], down);
    expect(result).toMatchObject({ files: 50, failures: [] });
    for (const [index, { bytes }] of files.entries()) {
      const copy = await readFile(join(down, 'many', `many-${index}`));
      expect(firstDifference(copy, bytes), `file ${index}`).toBeUndefined();
    }
    client.close();
  });

  test('who reads while a file is overwritten gets one whole version', async () => {
    const writer = await openSession(servers.configuration.coordinator);
    const readers = await Promise.all([1, 2, 3].map(() => openSession(servers.configuration.coordinator)));
    const sizeOf = (version: number) => 1_500_000 + version;
    await store(writer, '/contended', Buffer.alloc(sizeOf(1), 1));
    let writing = true;
    const write = async () => {
      for (let version = 2; version <= 30; version++) {
        await store(writer, '/contended', Buffer.alloc(sizeOf(version), version));
      }
      writing = false;
    };
    const seen = new Set<number>();
    const read = async (reader: Client) => {
      while (writing) {
        const bytes = await retrieve(reader, '/contended');
        const version = bytes[0] ?? 0;
        expect(firstDifference(bytes, Buffer.alloc(sizeOf(version), version))).toBeUndefined();
        seen.add(version);
      }
    };
    await Promise.all([write(), ...readers.map(read)]);
    expect(seen.size).toBeGreaterThan(1);
    const [final] = readers;
    if (final)
      expect(
        firstDifference(await retrieve(final, '/contended'), Buffer.alloc(sizeOf(30), 30)),
      ).toBeUndefined();
    for (const session of [writer, ...readers]) session.close();
  });
});

/** What the parity block of a layout with one parity part must be; shorter blocks end in zeros. */
function xor(blocks: readonly Buffer[]): Buffer {
  const sum = Buffer.alloc(Math.max(...blocks.map(({ length }) => length)));
  for (const block of blocks) for (const [at, byte] of block.entries()) sum[at] = (sum[at] ?? 0) ^ byte;
  return sum;
}
