/** Files that are stored in another layout get the one of new files, and lose nothing on the way. */
import { readFile, writeFile } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import type { ConversionReport } from '../../src/site/conversion.ts';
import { RunningCommand, splitftp } from './command.ts';
import { content, firstDifference } from './content.ts';
import { openSession, retrieve, store } from './ftp-session.ts';
import { type PoolFixture, startPool } from './pool-fixture.ts';
import { download, upload } from './pool-transfers.ts';
import { startServers, type TestServers } from './servers.ts';

const twoZero = { dataParts: 2, parityParts: 0 };
const twoOne = { dataParts: 2, parityParts: 1 };
const threeZero = { dataParts: 3, parityParts: 0 };
const bytes = content(5_000_000, 9);

async function layoutsOf({ catalogue }: PoolFixture, path: string): Promise<string[]> {
  const { segments } = await catalogue.openFile(path);
  return segments.map(({ layout }) => `${layout.dataParts}+${layout.parityParts}`);
}

async function convert(pool: PoolFixture, path: string, layout = twoOne): Promise<ConversionReport> {
  const converter = pool.converter(layout);
  const { id } = await converter.begin(path);
  return ended(converter, id);
}

async function ended(converter: ReturnType<PoolFixture['converter']>, id: number): Promise<ConversionReport> {
  const ask = async (): Promise<ConversionReport> => {
    const [line = ''] = await converter.command(`-status ${id}`, (path) => path);
    return JSON.parse(line);
  };
  await vi.waitFor(async () => expect((await ask()).state).not.toBe('running'), { timeout: 60_000 });
  return ask();
}

test('everything below a folder is converted, keeps its times and digests, and then survives the loss of a server', async () => {
  const pool = await startPool({ storageServers: 3, layout: twoZero });
  await pool.files.makeDirectory('/d');
  await pool.files.makeDirectory('/d/e');
  await upload(pool, '/d/a', bytes);
  await upload(pool, '/d/a', bytes.subarray(0, 700_000), { mode: 'append' });
  await upload(pool, '/d/e/b', bytes.subarray(0, 3));
  await upload(pool, '/d/empty', Buffer.alloc(0));
  await upload(pool, '/other', bytes);
  const whole = Buffer.concat([bytes, bytes.subarray(0, 700_000)]);
  await pool.files.setModified('/d/a', new Date(1_000_000));
  const before = await pool.files.stat('/d/a');
  await pool.files.rememberDigest('/d/a', before, 'SHA-1', 'known');

  expect(await convert(pool, '/d')).toMatchObject({
    state: 'done',
    files: 3,
    converted: 2,
    unchanged: 1,
    failed: 0,
    bytes: whole.length + 3,
    failures: [],
  });
  expect(await layoutsOf(pool, '/d/a')).toEqual(['2+1']);
  expect(await layoutsOf(pool, '/other')).toEqual(['2+0']);
  expect(await pool.files.stat('/d/a')).toEqual(before);
  expect(await pool.files.knownDigest('/d/a', 'SHA-1')).toBe('known');
  expect(await convert(pool, '/d')).toMatchObject({ converted: 0, unchanged: 3 });
  await vi.waitFor(async () => expect((await pool.catalogue.totals()).garbageSegments).toBe(0));

  await pool.stopStorageServer(2);
  expect(firstDifference(await download(pool, '/d/a'), whole)).toBeUndefined();
  expect(await download(pool, '/d/e/b')).toEqual(bytes.subarray(0, 3));
  await expect(download(pool, '/other')).rejects.toMatchObject({ kind: 'unavailable' });
});

test('where servers take one connection only, it is read and written by turns, in few segments', async () => {
  const pool = await startPool({ storageServers: 3, layout: twoZero, connections: 1 });
  const large = content(40_000_000, 4);
  await upload(pool, '/large', large);
  expect(await convert(pool, '/large')).toMatchObject({ converted: 1, failures: [] });
  expect(await layoutsOf(pool, '/large')).toEqual(['2+1', '2+1']);
  expect((await download(pool, '/large')).equals(large)).toBe(true);
}, 90_000);

test('who reads a file while it is converted gets it whole', async () => {
  const pool = await startPool({ storageServers: 3, layout: twoZero });
  await upload(pool, '/a', bytes);
  const run = async () => void (await convert(pool, '/a'));
  expect(firstDifference(await download(pool, '/a', { at: 1, run }), bytes)).toBeUndefined();
  expect(await layoutsOf(pool, '/a')).toEqual(['2+1']);
});

test.each([
  ['a new version', async (pool: PoolFixture) => void (await upload(pool, '/a', Buffer.from('new')))],
  [
    'more at its end',
    async (pool: PoolFixture) => void (await upload(pool, '/a', Buffer.from('new'), { mode: 'append' })),
  ],
  ['its end', async (pool: PoolFixture) => pool.files.removeFile('/a')],
])('a file that gets %s meanwhile has that afterwards', async (what, change) => {
  const pool = await startPool({ storageServers: 3, layout: twoZero });
  await upload(pool, '/a', bytes);
  const { replaceSegments } = pool.catalogue;
  vi.spyOn(pool.catalogue, 'replaceSegments').mockImplementationOnce(async (...args) => {
    await change(pool);
    return replaceSegments.apply(pool.catalogue, args);
  });
  expect(await convert(pool, '/a')).toMatchObject({ converted: 0, overtaken: 1, failed: 0 });
  if (what === 'its end') await expect(pool.files.stat('/a')).rejects.toMatchObject({ kind: 'missing' });
  else {
    const expected =
      what === 'a new version' ? Buffer.from('new') : Buffer.concat([bytes, Buffer.from('new')]);
    expect(firstDifference(await download(pool, '/a'), expected)).toBeUndefined();
  }
  await vi.waitFor(async () => expect((await pool.catalogue.totals()).garbageSegments).toBe(0));
});

test('a folder that is removed meanwhile does not keep the others from being converted', async () => {
  const pool = await startPool({ storageServers: 3, layout: twoZero });
  for (const folder of ['/a', '/b', '/c']) {
    await pool.files.makeDirectory(folder);
    await upload(pool, `${folder}/file`, bytes.subarray(0, 10));
  }
  const { list } = pool.catalogue;
  vi.spyOn(pool.catalogue, 'list').mockImplementation(async (path) => {
    if (path === '/b') {
      await pool.files.removeFile('/b/file');
      await pool.files.removeDirectory('/b');
    }
    return list.call(pool.catalogue, path);
  });
  expect(await convert(pool, '/')).toMatchObject({ state: 'done', converted: 2, failed: 0 });
});

test('a file that is renamed meanwhile is converted; one that is being appended to keeps its order', async () => {
  const pool = await startPool({ storageServers: 3, layout: twoZero });
  await upload(pool, '/a', bytes.subarray(0, 1_000_000));
  for (const from of [1, 2, 3]) {
    const more = bytes.subarray(from * 1_000_000, (from + 1) * 1_000_000);
    await upload(pool, '/a', more, { mode: 'append' });
  }
  const { replaceSegments } = pool.catalogue;
  vi.spyOn(pool.catalogue, 'replaceSegments').mockImplementationOnce(async (...args) => {
    await pool.files.rename('/a', '/b');
    return replaceSegments.apply(pool.catalogue, args);
  });
  expect(await convert(pool, '/a')).toMatchObject({ converted: 1 });
  expect(firstDifference(await download(pool, '/b'), bytes.subarray(0, 4_000_000))).toBeUndefined();
  // Begun with one segment, ended when there are others.
  const run = async () => void (await convert(pool, '/b', threeZero));
  const rest = bytes.subarray(4_000_000);
  await upload(pool, '/b', rest, { mode: 'append', at: rest.length, run });
  expect(await layoutsOf(pool, '/b')).toEqual(['3+0', '2+0']);
  expect(firstDifference(await download(pool, '/b'), bytes)).toBeUndefined();
});

test('a file that cannot be read is told of, and the others are converted', async () => {
  const pool = await startPool({ storageServers: 3, layout: threeZero });
  await upload(pool, '/a', bytes);
  Object.assign(pool.storage[2] ?? {}, { fault: 'size-is-wrong' });
  expect(await convert(pool, '/', { dataParts: 1, parityParts: 1 })).toMatchObject({
    state: 'done',
    converted: 0,
    failed: 1,
    failures: [{ path: '/a', reason: expect.stringMatching(/storage server 3/) }],
  });
  Object.assign(pool.storage[2] ?? {}, { fault: undefined });
  expect(await layoutsOf(pool, '/a')).toEqual(['3+0']);
  expect(firstDifference(await download(pool, '/a'), bytes)).toBeUndefined();
  await expect(pool.converter(twoOne).begin('/none')).rejects.toMatchObject({ kind: 'missing' });
});

test('a conversion that is stopped leaves the file as it was, and nothing else', async () => {
  const pool = await startPool({ storageServers: 3, layout: twoZero });
  await upload(pool, '/a', bytes);
  Object.assign(pool.storage[0] ?? {}, { fault: 'read-stalls', after: 600_000 });
  const converter = pool.converter(twoOne);
  const { id } = await converter.begin('/a');
  await vi.waitFor(async () => {
    const [line = ''] = await converter.command(`-status ${id}`, (path) => path);
    expect(JSON.parse(line).bytes).toBeGreaterThan(0);
  });
  await converter.command(`-stop ${id}`, (path) => path);
  expect(await ended(converter, id)).toMatchObject({ state: 'stopped', converted: 0, failed: 0 });
  Object.assign(pool.storage[0] ?? {}, { fault: undefined });
  expect(await layoutsOf(pool, '/a')).toEqual(['2+0']);
  expect(firstDifference(await download(pool, '/a'), bytes)).toBeUndefined();
  await vi.waitFor(async () => expect((await pool.catalogue.totals()).garbageSegments).toBe(0), {
    timeout: 20_000,
  });
});

/** Three storage servers with a file at 2+0, and new ones at 2+1. */
async function startWithOldLayout(settings: Readonly<Record<string, string>> = {}): Promise<TestServers> {
  const servers = await startServers({ storageServers: 3, settings: { ...settings, FTP_PARITY_PARTS: '0' } });
  try {
    const session = await openSession(servers.configuration.coordinator);
    await store(session, '/a', bytes);
    session.close();
    const written = await readFile(servers.envFile, 'utf8');
    await writeFile(servers.envFile, written.replace('FTP_PARITY_PARTS=0\n', ''));
    await servers.restart('coordinator');
    return servers;
  } catch (error) {
    await servers.stop();
    throw error;
  }
}

test('splitftp convert, after the setting was changed', { timeout: 180_000 }, async () => {
  const servers = await startWithOldLayout();
  try {
    const converted = await splitftp(['convert', '/', '--env', servers.envFile], servers.folder);
    expect(converted).toMatchObject({ status: 0, stdout: '/: 1 file converted to 2+1 (4.8 MiB)\n' });
    await servers.kill('storage 1');
    const json = await splitftp(['convert', '/', '--json', '--env', servers.envFile], servers.folder);
    expect(JSON.parse(json.stdout)).toMatchObject([{ path: '/', converted: 0, unchanged: 1, failed: 0 }]);
    const again = await openSession(servers.configuration.coordinator);
    expect(firstDifference(await retrieve(again, '/a'), bytes)).toBeUndefined();
    again.close();
    const missing = await splitftp(['convert', 'none', '--env', servers.envFile], servers.folder);
    expect(missing).toMatchObject({ status: 1, stderr: expect.stringContaining('/none does not exist') });
  } finally {
    await servers.stop();
  }
});

test('splitftp convert ends with Ctrl-C, and the conversion with it', { timeout: 180_000 }, async () => {
  const servers = await startWithOldLayout({ FTP_UPKEEP_RATE: '0.01' });
  try {
    const command = new RunningCommand(['convert', '/', '--env', servers.envFile], servers.folder);
    const client = servers.client();
    await vi.waitFor(async () => expect((await client.conversion(1)).current).toBe('/a'), {
      timeout: 120_000,
    });
    expect(await command.stop('SIGINT')).toEqual({
      status: 130,
      stdout: '',
      stderr: 'splitftp: interrupted\n',
    });
    await vi.waitFor(async () => expect((await client.conversion(1)).state).toBe('stopped'));
  } finally {
    await servers.stop();
  }
});
