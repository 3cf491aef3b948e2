/** Parts in local folders become the file again, with no server running. */
import { copyFile, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { joinFile } from '../../src/coordinator/join/join.ts';
import { findParts } from '../../src/coordinator/join/part-search.ts';
import { type Outcome, splitftp } from './command.ts';
import { content, firstDifference } from './content.ts';
import { append, openSession, store } from './ftp-session.ts';
import { startServers, type TestServers } from './servers.ts';

vi.setConfig({ testTimeout: 300_000 });

const big = content(5_000_001, 1);
const more = content(777_777, 2);
const small = Buffer.from('three pieces');
let servers: TestServers;
let folder: string;
/** Per storage server, the parts of /big by index and segment. */
let parts: string[];

beforeAll(async () => {
  servers = await startServers({
    storageServers: 3,
    settings: { FTP_DATA_PARTS: '2', FTP_PARITY_PARTS: '1' },
  });
  ({ folder } = servers);
  const session = await openSession(servers.configuration.coordinator);
  await store(session, '/big', big);
  await append(session, '/big', more);
  await session.rename('/big', '/renamed');
  await store(session, '/small', small);
  await store(session, '/small', Buffer.concat([small, small]));
  await session.send('MKD /odd');
  await store(session, '/odd/one', content(1, 3));
  session.close();
  for (const name of ['coordinator', 'storage 1', 'storage 2', 'storage 3'] as const)
    await servers.kill(name);
  const paths = await Promise.all(
    servers.configuration.storageServers.map(async (server) =>
      (await readdir(server.folder, { recursive: true }))
        .filter((name) => /[0-9a-f]{32}\.\d$/.test(name))
        .map((name) => join(server.folder, name)),
    ),
  );
  const own = await Promise.all(
    paths.flat().map(async (path) => ((await readFile(path)).includes('"path":"/big"') ? [path] : [])),
  );
  parts = own.flat();
}, 120_000);
afterAll(() => servers.stop());

const expected = Buffer.concat([big, more]);
const run = (...args: string[]): Promise<Outcome> => splitftp(['join', ...args], folder);
const indexOf = (part: string) => part.at(-1);

async function expectJoined(outcome: Outcome, name: string, bytes: Buffer = expected): Promise<void> {
  expect(outcome.stderr).toBe('');
  expect(outcome.status).toBe(0);
  expect(firstDifference(await readFile(join(folder, name)), bytes)).toBeUndefined();
}

/** Copies of parts, to be spoiled. */
async function copies(name: string, chosen: readonly string[]): Promise<string[]> {
  await mkdir(join(folder, name));
  return Promise.all(
    chosen.map(async (part) => {
      const copy = join(folder, name, basename(part));
      await copyFile(part, copy);
      return copy;
    }),
  );
}

test('from the folders of all storage servers, by its path when it was written', async () => {
  expect(parts).toHaveLength(6);
  const outcome = await run(
    'storage_folder1',
    'storage_folder2',
    'storage_folder3',
    '--file',
    '/big',
    '-o',
    'all',
  );
  await expectJoined(outcome, 'all');
  expect(outcome.stdout).toMatch(/^all: 5\.5 MiB from 2 segments, all checksums right\n$/);
});

test.each(['0', '1', '2'])('without part %s of every segment', async (missing) => {
  const there = parts.filter((part) => indexOf(part) !== missing);
  const outcome = await run(...there, '-o', `without${missing}`);
  await expectJoined(outcome, `without${missing}`);
  if (missing !== '2') expect(outcome.stdout).toMatch(/ blocks made from parity/);
});

test('with a damaged block in each part, in different stripes', async () => {
  const damaged = await copies('damaged', parts);
  for (const [index, path] of damaged.entries()) {
    const bytes = await readFile(path);
    // Into the block of another stripe of each of the longer segment's parts; the shorter has few stripes.
    if (bytes.length > 1_000_000)
      bytes.writeUInt8(bytes.readUInt8(2_000 + (index % 6) * 300_000) ^ 1, 2_000 + (index % 6) * 300_000);
    await writeFile(path, bytes);
  }
  const outcome = await run('damaged', '-o', 'from-damaged');
  await expectJoined(outcome, 'from-damaged');
  expect(outcome.stdout).toMatch(/; [1-9] blocks? made from parity/);
});

describe('nothing is written, and what is missing is said,', () => {
  async function expectRefused(outcome: Outcome, name: string, message: RegExp, status = 1): Promise<void> {
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).not.toMatch(/^\s+at /m);
    expect(outcome.status).toBe(status);
    await expect(stat(join(folder, name))).rejects.toThrow('ENOENT');
    expect((await readdir(folder)).filter((file) => file.startsWith('.splitftp-join'))).toEqual([]);
  }

  test('when two of three parts are missing', async () => {
    const only = parts.filter((part) => indexOf(part) === '1');
    const outcome = await run(...only, '-o', 'few');
    await expectRefused(
      outcome,
      'few',
      /Segment 0 needs 2 of its 3 parts, and 1 is here\. Missing: [0-9a-f]{32}\.0 \(storage server \d\), [0-9a-f]{32}\.2 \(storage server \d\)\./,
    );
  });

  test('when a segment is missing', async () => {
    const longest = parts.map((part) => basename(part).slice(0, 32));
    const headers = await Promise.all(parts.map((part) => readFile(part, 'latin1')));
    const later = parts.filter((_, index) => headers[index]?.includes('"position":1'));
    expect(new Set(longest).size).toBe(2);
    await expectRefused(
      await run(...later, '-o', 'late'),
      'late',
      /No part of segment 0 is here, of 2 segments\./,
    );
  });

  test('when one stripe has two damaged blocks', async () => {
    const damaged = await copies('two', parts);
    for (const path of damaged.filter((part) => indexOf(part) !== '2')) {
      const bytes = await readFile(path);
      bytes.writeUInt8(bytes.readUInt8(5_000) ^ 0x80, 5_000);
      await writeFile(path, bytes);
    }
    await expectRefused(
      await run('two', '-o', 'spoiled'),
      'spoiled',
      /Stripe 0 of segment 0 needs 2 blocks, and 1 are right/,
    );
  });

  test('when ends are missing', async () => {
    const cut = await copies('cut', parts);
    for (const path of cut) await truncate(path, (await stat(path)).size - 1);
    await expectRefused(await run('cut', '-o', 'cut-off'), 'cut-off', /No part of segment 0 has its end/);
  });

  test('when the parts are of several files', async () => {
    await expectRefused(
      await run('storage_folder1', 'storage_folder2', '-o', 'which'),
      'which',
      /choose one with --file:\n(?: {2}.*\n)* {2}[0-9a-f]{32} .* \/big\n/,
      2,
    );
  });

  test('when a file is no part, or not there', async () => {
    await expectRefused(
      await run('.env', '-o', 'none'),
      'none',
      /\.env cannot be used: it is not a part file/,
    );
    await expectRefused(await run('nowhere', '-o', 'none'), 'none', /There is no file or folder nowhere/);
  });
});

test('an existing file stays, unless it is to be replaced', async () => {
  await writeFile(join(folder, 'mine'), 'precious');
  const refused = await run(...parts, '-o', 'mine');
  expect(refused.stderr).toMatch(/mine exists already: .* --force/);
  expect(refused.status).toBe(1);
  expect(await readFile(join(folder, 'mine'), 'utf8')).toBe('precious');
  await expectJoined(await run(...parts, '-o', 'mine', '--force'), 'mine');
});

test('into a folder under its own name, and where there is none is said', async () => {
  await mkdir(join(folder, 'restored'));
  await expectJoined(await run(...parts, '-o', 'restored'), 'restored/big');
  const nowhere = await run(...parts, '-o', join('absent', 'big'));
  expect(nowhere).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/There is no folder absent: make it/),
  });
  const belowFile = await run(join('.env', 'parts'));
  expect(belowFile.stderr).toMatch(/^splitftp: .*parts: a part of the path is not a folder\n$/);
});

test('interrupted it leaves nothing', async () => {
  const { files } = await findParts(parts);
  const [file] = files;
  if (!file) throw new Error('no part was found');
  const interruption = AbortSignal.abort(new Error('interrupted'));
  await expect(joinFile(file, join(folder, 'half'), false, interruption)).rejects.toThrow('interrupted');
  expect((await readdir(folder)).filter((name) => /^\.splitftp-join|^half$/.test(name))).toEqual([]);
});

test('smaller than a block, and under its own name', async () => {
  const outcome = await run('storage_folder1', 'storage_folder3', '--file', 'odd/one');
  await expectJoined(outcome, 'one', content(1, 3));
});

test.runIf(process.platform === 'linux')(
  'a file that the disk cannot read is named, and the others are joined',
  async () => {
    const unreadable = '/proc/self/mem'; // Reading its first byte is an input/output error.
    const outcome = await run(unreadable, ...parts, '-o', 'without-one');
    expect(outcome.stderr).toBe(`passed over ${unreadable}: the disk cannot read its header\n`);
    expect(outcome.status).toBe(0);
    expect(firstDifference(await readFile(join(folder, 'without-one')), expected)).toBeUndefined();
  },
);
