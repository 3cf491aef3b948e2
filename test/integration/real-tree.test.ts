/** Real input: some thousands of the project's own files, and one file of more than 4 GiB. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SplitClient } from '../../src/client/split-client.ts';
import { content } from './content.ts';
import { openSession, retrieve } from './ftp-session.ts';
import { startServers, type TestServers } from './servers.ts';

let servers: TestServers;
let client: SplitClient;

beforeAll(async () => {
  servers = await startServers();
  client = servers.client();
});
afterAll(() => servers.stop());

const mostBytes = 100_000_000;
const leastFiles = 2_000;
const mostFilesOfPackage = 1_000;

interface TreeFile {
  readonly path: string;
  readonly size: number;
}

/** All files below a folder, links left out. */
async function filesBelow(folder: string): Promise<TreeFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (path) => ({ path, size: (await stat(path)).size })));
}

/** Packages of node_modules that have enough files together, without the biggest of them. */
async function choosePackages(): Promise<string[]> {
  const root = resolve(import.meta.dirname, '../../node_modules');
  const chosen: string[] = [];
  let count = 0;
  let bytes = 0;
  for (const name of (await readdir(root)).filter((each) => !each.startsWith('.')).sort()) {
    const files = await filesBelow(join(root, name));
    const size = files.reduce((sum, file) => sum + file.size, 0);
    if (files.length > mostFilesOfPackage || bytes + size > mostBytes) continue;
    chosen.push(join(root, name));
    count += files.length;
    bytes += size;
    if (count >= leastFiles) break;
  }
  return chosen;
}

/** Path below `folder`, size and SHA-256 of every file of these trees. */
async function digests(folder: string, trees: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  for (const tree of trees) {
    for (const { path, size } of await filesBelow(tree)) {
      const hash = createHash('sha256');
      await pipeline(createReadStream(path), hash);
      lines.push(`${relative(folder, path).replaceAll('\\', '/')} ${size} ${hash.digest('hex')}`);
    }
  }
  return lines.sort();
}

test('thousands of real files go up, are listed, and come down the same', {
  timeout: 1_800_000,
}, async () => {
  const packages = await choosePackages();
  const root = resolve(import.meta.dirname, '../../node_modules');
  const expected = await digests(root, packages);
  expect(expected.length).toBeGreaterThanOrEqual(2_000);

  const up = await client.upload(packages, '/tree');
  expect(up.failures).toEqual([]);
  expect(up.files).toBe(expected.length);

  const listed: string[] = [];
  const list = async (folder: string): Promise<void> => {
    for (const entry of await client.list(folder)) {
      if (entry.kind === 'directory') await list(entry.path);
      else listed.push(`${entry.path.slice('/tree/'.length)} ${entry.size}`);
    }
  };
  await list('/tree');
  expect(listed.sort()).toEqual(expected.map((line) => line.slice(0, line.lastIndexOf(' '))).sort());

  const down = await client.download(['/tree'], servers.folder);
  expect(down).toMatchObject({ files: expected.length, failures: [], bytes: up.bytes });
  const copy = join(servers.folder, 'tree');
  expect(await digests(copy, [copy])).toEqual(expected);
});

const size = 4 * 1024 ** 3 + 1;
const chunkBytes = 1024 * 1024;
const chunk = content(chunkBytes, 1);

/** The bytes of a long file from `offset` to the end of its mebibyte; each mebibyte begins with its number. */
function longFileAt(offset: number): Buffer {
  const number = Math.floor(offset / chunkBytes);
  const bytes = Buffer.from(chunk);
  bytes.writeUInt32BE(number);
  return bytes.subarray(offset % chunkBytes, Math.min(chunkBytes, size - number * chunkBytes));
}

test('a file of more than 4 GiB goes up, is listed, and comes down the same', {
  timeout: 300_000,
}, async () => {
  const session = await openSession(servers.configuration.coordinator);
  function* bytes() {
    for (let offset = 0; offset < size; offset += chunkBytes) yield longFileAt(offset);
  }
  await session.uploadFrom(Readable.from(bytes(), { objectMode: false }), '/long');
  expect(await session.size('/long')).toBe(size);
  expect(await client.stat('/long')).toMatchObject({ kind: 'file', size });
  const listed = (await session.list('/')).find(({ name }) => name === 'long');
  expect(listed?.size).toBe(size);

  // Its segments, and so its parts, are many; both servers have their share.
  const parts = await client.where('/long');
  for (const number of [1, 2]) {
    const held = parts.filter((part) => part.number === number).reduce((sum, part) => sum + part.bytes, 0);
    expect(held / size).toBeCloseTo(0.5, 3);
  }

  const last = await retrieve(session, '/long', size - 3);
  expect(last).toEqual(Buffer.concat([longFileAt(size - 3), longFileAt(size - 1)]));

  let offset = 0;
  let expected: Buffer = Buffer.alloc(0);
  const compare = new Writable({
    write(received: Buffer, _encoding, done) {
      for (let at = 0; at < received.length; ) {
        if (expected.length === 0) expected = longFileAt(offset);
        const length = Math.min(expected.length, received.length - at);
        if (length === 0 || received.compare(expected, 0, length, at, at + length) !== 0) {
          done(new Error(`a wrong byte after byte ${offset}`));
          return;
        }
        expected = expected.subarray(length);
        offset += length;
        at += length;
      }
      done();
    },
  });
  await session.downloadTo(compare, '/long');
  expect(offset).toBe(size);
  session.close();
});
