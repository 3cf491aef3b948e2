import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Connection } from '../../src/client/connection.ts';
import { downloadFile, uploadFile } from '../../src/client/file-transfer.ts';
import type { SplitClient } from '../../src/client/split-client.ts';
import type { TransferProgress } from '../../src/client/transfer.ts';
import { startServers, type TestServers } from './servers.ts';

let servers: TestServers;
let client: SplitClient;
let local: string;
let remote: string;
let number = 0;

beforeAll(async () => {
  servers = await startServers();
  client = servers.client();
});
afterAll(() => servers?.stop());
beforeEach(async () => {
  local = await mkdtemp(join(tmpdir(), 'splitftp-client-'));
  remote = `/test${++number}`;
  await client.makeDirectory(remote);
});
afterEach(() => rm(local, { recursive: true }));

const done = (files: number, bytes: number) => ({ files, bytes, skipped: [], failures: [] });

describe('one file', () => {
  const names = [
    'plain',
    'two words',
    ' leading',
    'q"uo\'te',
    '-x',
    'ä €',
    'a;b=c; d',
    '100%',
    '..x',
    '日本',
  ];
  test.each(names)('with the name %j comes back', async (name) => {
    const content = randomBytes(1000);
    await writeFile(join(local, name), content);
    expect(await client.upload([join(local, name)], remote)).toEqual(done(1, 1000));
    expect((await client.list(remote)).map((entry) => entry.name)).toEqual([name]);
    expect(await client.stat(`${remote}/${name}`)).toMatchObject({ name, kind: 'file', size: 1000 });
    expect(await client.download([`${remote}/${name}`], join(local, 'down'))).toEqual(done(1, 1000));
    expect((await readFile(join(local, 'down', name))).equals(content)).toBe(true);
  });

  const block = 256 * 1024;
  test.each([
    0,
    1,
    block - 1,
    block,
    block + 1,
    2 * block - 1,
    2 * block + 1,
    5_000_000,
  ])('of %d bytes comes back, with its time', async (size) => {
    const content = randomBytes(size);
    const path = join(local, 'file');
    await writeFile(path, content);
    const time = new Date('2001-02-03T04:05:06Z');
    await utimes(path, time, time);
    expect(await client.uploadFile(path, `${remote}/a/b/file`)).toEqual(done(1, size));
    expect((await client.stat(`${remote}/a/b/file`))?.modified).toEqual(time);
    expect(await client.downloadFile(`${remote}/a/b/file`, join(local, 'x', 'y'))).toEqual(done(1, size));
    expect((await readFile(join(local, 'x', 'y'))).equals(content)).toBe(true);
    expect((await stat(join(local, 'x', 'y'))).mtime).toEqual(time);
  });

  test('replaces, or is skipped, as the asker says', async () => {
    const path = join(local, 'file');
    for (const content of ['one', 'second']) {
      await writeFile(path, content);
      await client.upload([path], remote);
    }
    expect((await client.stat(`${remote}/file`))?.size).toBe(6);
    const asked: string[] = [];
    const onConflict = async (conflict: string) => {
      asked.push(conflict);
      return 'skip' as const;
    };
    expect(await client.upload([path], remote, { onConflict })).toEqual({ ...done(0, 0), skipped: [path] });
    await writeFile(path, 'mine');
    const skipped = await client.download([`${remote}/file`], local, { onConflict });
    expect(skipped).toEqual({ ...done(0, 0), skipped: [`${remote}/file`] });
    expect(asked).toEqual([`${remote}/file`, path]);
    expect(await readFile(path, 'utf8')).toBe('mine');
  });
});

describe('a folder', () => {
  test('comes back whole: empty folders, many files, nothing else', async () => {
    const tree = join(local, 'tree');
    await mkdir(join(tree, 'empty', 'inner'), { recursive: true });
    for (let folder = 0; folder < 5; folder++) {
      await mkdir(join(tree, `folder ${folder}`));
      for (let file = 0; file < 8; file++)
        await writeFile(join(tree, `folder ${folder}`, `${file}`), `${file}`);
    }
    const events: TransferProgress[] = [];
    const onProgress = (event: TransferProgress) => events.push(event);
    expect(await client.upload([tree], remote, { onProgress })).toEqual(done(40, 40));
    expect(events.at(-1)).toMatchObject({ filesDone: 40, filesTotal: 40, bytesDone: 40, counting: false });
    expect(await client.download([`${remote}/tree`], join(local, 'down'))).toEqual(done(40, 40));
    const all = async (folder: string) => (await readdir(folder, { recursive: true })).sort();
    expect(await all(join(local, 'down', 'tree'))).toEqual(await all(tree));
    await client.remove(`${remote}/tree`);
    expect(await client.list(remote)).toEqual([]);
  });

  test.runIf(platform() !== 'win32')('links are followed, loops and special files reported', async () => {
    const tree = join(local, 'tree');
    await mkdir(tree);
    await writeFile(join(local, 'target'), 'x');
    await symlink(join(local, 'target'), join(tree, 'link'));
    await symlink(tree, join(tree, 'loop'));
    await symlink(join(local, 'nowhere'), join(tree, 'broken'));
    const socket = createServer().listen(join(tree, 'socket'));
    await once(socket, 'listening');
    const result = await client.upload([tree], remote);
    socket.close();
    expect(result.failures).toEqual([
      { path: join(tree, 'broken'), message: 'there is no such file or folder' },
      { path: join(tree, 'loop'), message: 'it is a link to a folder that it is in, and is not followed' },
      { path: join(tree, 'socket'), message: 'it is neither a file nor a folder' },
    ]);
    expect((await client.list(`${remote}/tree`)).map(({ name }) => name)).toEqual(['link']);
  });
});

describe('cancelling', () => {
  const size = 64 * 1024 * 1024;
  const cancelHalfway = (controller: AbortController) => (progress: TransferProgress) => {
    if (progress.bytesDone > size / 8) controller.abort(new Error('enough'));
  };

  test('an upload leaves the old file as it was', async () => {
    const path = join(local, 'file');
    await writeFile(path, 'old');
    await client.upload([path], remote);
    await writeFile(path, Buffer.alloc(size, 1));
    const controller = new AbortController();
    const options = { signal: controller.signal, onProgress: cancelHalfway(controller) };
    await expect(client.upload([path], remote, options)).rejects.toThrow('enough');
    expect((await client.list(remote)).map((entry) => entry.size)).toEqual([3]);
  });

  test('a download leaves nothing', async () => {
    const path = join(local, 'file');
    await writeFile(path, Buffer.alloc(size, 1));
    await client.upload([path], remote);
    const controller = new AbortController();
    const options = { signal: controller.signal, onProgress: cancelHalfway(controller) };
    const folder = join(local, 'down');
    await expect(client.download([`${remote}/file`], folder, options)).rejects.toThrow('enough');
    expect(await readdir(folder)).toEqual([]);
  });

  test('before it begins nothing happens', async () => {
    const signal = AbortSignal.abort(new Error('never'));
    await expect(client.upload([local], remote, { signal })).rejects.toThrow('never');
    expect(await client.list(remote)).toEqual([]);
  });

  test('does not wait for the answer to a question', async () => {
    const path = join(local, 'file');
    await writeFile(path, 'x');
    await client.upload([path], remote);
    const controller = new AbortController();
    const onConflict = () => {
      controller.abort(new Error('enough'));
      return new Promise<never>(() => undefined);
    };
    const upload = client.upload([path], remote, { signal: controller.signal, onConflict });
    await expect(upload).rejects.toThrow('enough');
  });
});

describe('what goes wrong', () => {
  test('with one file does not stop the others, and is said', async () => {
    await writeFile(join(local, 'good'), 'x');
    await client.makeDirectory(`${remote}/taken`);
    await writeFile(join(local, 'taken'), 'x');
    const result = await client.upload(
      [join(local, 'missing'), join(local, 'taken'), join(local, 'good')],
      remote,
    );
    expect(result.files).toBe(1);
    expect(result.failures).toEqual([
      { path: join(local, 'missing'), message: 'there is no such file or folder' },
      { path: join(local, 'taken'), message: expect.stringContaining('folder') },
    ]);
    expect((await client.download(['/no such'], local)).failures).toEqual([
      { path: '/no such', message: 'there is no such file or folder' },
    ]);
    await mkdir(join(local, 'down', 'good'), { recursive: true });
    const blocked = await client.download([`${remote}/good`], join(local, 'down'));
    expect(blocked.failures[0]?.message).toMatch(/good is a folder, and no file can take its place$/);
  });

  test('a file that grows while it is uploaded is not stored', async () => {
    const path = join(local, 'file');
    await writeFile(path, Buffer.alloc(1024 * 1024));
    const connection = await Connection.open(servers.configuration.coordinator);
    const grow = () => appendFileSync(path, 'more');
    await expect(uploadFile((work) => work(connection), path, `${remote}/file`, grow)).rejects.toThrow(
      'it was changed while it was being uploaded: upload it again',
    );
    expect(connection.usable).toBe(false);
    expect(await client.list(remote)).toEqual([]);
  });

  test('a copy that differs is not kept, whichever way it went', async () => {
    const path = join(local, 'file');
    await writeFile(path, 'content');
    await client.uploadFile(path, `${remote}/right`);
    const entry = await client.stat(`${remote}/right`);
    if (entry === undefined) throw new Error('the upload has vanished');
    // The servers cannot be brought to store other bytes than came, so that the reply is what is changed.
    const connection = await Connection.open(servers.configuration.coordinator);
    connection.checksum = async () => ({ size: 7, crc32: 1 });
    const uploaded = uploadFile(
      (work) => work(connection),
      path,
      `${remote}/wrong`,
      () => {},
    );
    await expect(uploaded).rejects.toThrow('the copy on the server differed from the file and was removed');
    expect((await client.list(remote)).map(({ name }) => name)).toEqual(['right']);
    const target = join(local, 'target');
    await writeFile(target, 'old');
    const differs = downloadFile(
      (work) => work(connection),
      entry,
      target,
      () => {},
    );
    await expect(differs).rejects.toThrow('the bytes that arrived differ from those on the server');
    connection.checksum = async () => ({ size: 8 });
    const short = downloadFile(
      (work) => work(connection),
      entry,
      target,
      () => {},
    );
    await expect(short).rejects.toThrow('only 7 of its 8 bytes arrived');
    expect(await readFile(target, 'utf8')).toBe('old');
    expect((await readdir(local)).sort()).toEqual(['file', 'target']);
    connection.close();
  });

  test('control characters in names are refused before they are sent', async () => {
    await expect(client.makeDirectory(`${remote}/a\r\nDELE b`)).rejects.toThrow(/control characters/);
    expect(await client.list(remote)).toEqual([]);
  });

  test("the coordinator's own words come without codes", async () => {
    await expect(client.makeDirectory(remote)).rejects.toThrow(/^[^\d].*exists/);
  });
});

test('files are moved, found on their servers, and reported', async () => {
  await writeFile(join(local, 'file'), randomBytes(1000));
  await client.upload([join(local, 'file')], remote);
  await client.rename(`${remote}/file`, `${remote}/other`);
  const parts = await client.where(`${remote}/other`);
  expect(parts.map((part) => part.number).sort()).toEqual([1, 2]);
  const [coordinator, ...others] = await client.status();
  expect(coordinator).toMatchObject({ kind: 'coordinator', layout: '2+0' });
  expect(others).toHaveLength(2);
});
