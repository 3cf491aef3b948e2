/** Whatever ends in the middle: what was stored stays, what was not acknowledged is absent, nothing is left behind. */
import { appendFile, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { Client } from 'basic-ftp';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SplitClient } from '../../src/client/split-client.ts';
import type { TransferResult } from '../../src/client/transfer.ts';
import { RunningCommand } from './command.ts';
import { content, firstDifference } from './content.ts';
import { openSession, retrieve, store } from './ftp-session.ts';
import { type ServerName, startServers, type TestServers } from './servers.ts';
import { expectOnlyParts, storedFiles } from './stored-parts.ts';

const old = content(700_000, 1);

let servers: TestServers;
let client: SplitClient;

beforeEach(async () => {
  servers = await startServers();
  client = servers.client();
  const session = await login();
  await store(session, '/old', old);
  session.close();
});
afterEach(() => servers.stop());

const login = () => openSession(servers.configuration.coordinator);
const local = (name: string) => join(servers.folder, name);

/** So long that every upload of it is cut off in the middle; it takes no space. */
async function endlessFile(): Promise<string> {
  const file = await open(local('endless'), 'w');
  await file.truncate(64 * 1024 ** 3);
  await file.close();
  return local('endless');
}

/** Stored are these files and no others, whole; no part of anything else is left on the storage servers. */
async function expectStored(expected: Readonly<Record<string, Buffer>>): Promise<void> {
  const files = await client.list('/');
  expect(files.map(({ path }) => path)).toEqual(Object.keys(expected).sort());
  const session = await login();
  for (const [path, bytes] of Object.entries(expected)) {
    expect(firstDifference(await retrieve(session, path), bytes), path).toBeUndefined();
  }
  session.close();
  const parts = await Promise.all(files.map(({ path }) => client.where(path)));
  await expectOnlyParts(servers, parts.flat());
}

/** What arrived of a new file is kept, to be continued; here it is removed. It never shows as a file. */
async function dropKeptUpload(path: string): Promise<void> {
  const session = await login();
  await vi.waitFor(async () => expect(await session.size(path)).toBeGreaterThan(0), { timeout: 20_000 });
  expect((await session.list('/')).map(({ name }) => name)).toEqual(['old']);
  await session.remove(path);
  session.close();
}

/** Both storage servers hold a file that no upload has finished. */
async function bytesUnderWay(): Promise<void> {
  await vi.waitFor(
    async () => {
      for (const server of [1, 2]) expect((await storedFiles(servers, server)).length).toBeGreaterThan(1);
    },
    { timeout: 20_000, interval: 20 },
  );
}

describe.each(['/new', '/old'])('an upload to %s', (path) => {
  test('that is cancelled', async () => {
    const cancel = new AbortController();
    const upload = client.uploadFile(await endlessFile(), path, { signal: cancel.signal });
    upload.catch(() => undefined);
    await bytesUnderWay();
    cancel.abort(new Error('enough'));
    await expect(upload).rejects.toThrow('enough');
    if (path !== '/old') await dropKeptUpload(path);
    await expectStored({ '/old': old });
  });

  test('whose client is killed', async () => {
    const args = ['upload', '--env', servers.envFile, await endlessFile(), path];
    const command = new RunningCommand(args, servers.folder);
    await bytesUnderWay();
    await command.stop('SIGKILL');
    if (path !== '/old') await dropKeptUpload(path);
    await expectStored({ '/old': old });
  });

  test.each([1, 2])('while storage server %i is killed', async (number) => {
    const upload = client.uploadFile(await endlessFile(), path);
    await bytesUnderWay();
    await servers.kill(`storage ${number}`);
    expectFailureAt(await upload, number);
    // As long as it is down everything says so, at once.
    await writeFile(local('small'), 'small');
    expectFailureAt(await client.uploadFile(local('small'), '/small'), number);
    expectFailureAt(await client.downloadFile('/old', local('copy')), number);
    expect(await client.status()).toContainEqual(
      expect.objectContaining({ number, state: 'down', reason: expect.stringContaining('is down') }),
    );
    await servers.restart(`storage ${number}`);
    await expectStored({ '/old': old });
    expect(await client.uploadFile(local('small'), '/small')).toMatchObject({ files: 1, failures: [] });
    await expectStored({ '/old': old, '/small': Buffer.from('small') });
  });
});

function expectFailureAt({ failures }: TransferResult, storageServer: number): void {
  const { port } = servers.configuration.storageServers[storageServer - 1] ?? {};
  expect(failures).toEqual([
    {
      path: expect.any(String),
      message: expect.stringContaining(`storage server ${storageServer} (127.0.0.1:${port})`),
    },
  ]);
}

describe('a download', () => {
  const big = content(48 * 1024 * 1024, 2);

  beforeEach(async () => {
    const session = await login();
    await store(session, '/big', big);
    session.close();
  });

  /** Takes the first bytes and then no more until `goOn` is called. */
  function hesitantSink() {
    const chunks: Buffer[] = [];
    const started = Promise.withResolvers<void>();
    const going = Promise.withResolvers<void>();
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        started.resolve();
        void going.promise.then(() => done());
      },
    });
    return { sink, started: started.promise, goOn: going.resolve, bytes: () => Buffer.concat(chunks) };
  }

  test.each([
    1, 2,
  ])('while storage server %i is killed tells which, and gives only right bytes', async (number) => {
    const session = await login();
    const { sink, started, goOn, bytes } = hesitantSink();
    const download = session.downloadTo(sink, '/big');
    download.catch(() => undefined);
    await started;
    await servers.kill(`storage ${number}`);
    goOn();
    await expect(download).rejects.toThrow(`storage server ${number} (127.0.0.1:`);
    expect(firstDifference(bytes(), big.subarray(0, bytes().length))).toBeUndefined();
    session.close();
    await servers.restart(`storage ${number}`);
    await expectStored({ '/big': big, '/old': old });
  });

  test('by the split client leaves the local file that was there, and nothing else', async () => {
    await writeFile(local('copy'), 'what was there');
    let killed: Promise<void> | undefined;
    const result = await client.downloadFile('/big', local('copy'), {
      onProgress: ({ bytesDone }) => {
        if (bytesDone > 0) killed ??= servers.kill('storage 2');
      },
    });
    await killed;
    expectFailureAt(result, 2);
    expect(await readFile(local('copy'), 'utf8')).toBe('what was there');
    expect((await readdir(servers.folder)).filter((name) => name.endsWith('.splitftp-part'))).toEqual([]);
  });

  test('that began before the file was replaced gets the old version to its end', async () => {
    const session = await login();
    const { sink, started, goOn, bytes } = hesitantSink();
    const download = session.downloadTo(sink, '/big');
    await started;
    const other = await login();
    await store(other, '/big', old);
    await other.remove('/old');
    other.close();
    goOn();
    await download;
    expect(firstDifference(bytes(), big)).toBeUndefined();
    session.close();
    await expectStored({ '/big': old });
  });
});

describe('the coordinator killed', () => {
  const restart = async () => servers.restart('coordinator');

  test.each(['/new', '/old'])('at some moments of an upload to %s', async (path) => {
    const bytes = content(8 * 1024 * 1024, 3);
    for (const share of [0, 0.01, 0.3, 0.7, 1]) {
      const session = await login();
      const cut = Math.floor(share * bytes.length);
      let kill: Promise<void> | undefined;
      const source = Readable.from(
        (async function* () {
          yield bytes.subarray(0, cut);
          kill = servers.kill('coordinator');
          await kill;
          yield bytes.subarray(cut);
        })(),
        { objectMode: false },
      );
      await expect(session.uploadFrom(source, path)).rejects.toThrow();
      await kill;
      session.close();
      await restart();
      await expectStored({ '/old': old });
    }
  });

  test('among many small uploads: all that was acknowledged is there, nothing is half', async () => {
    interface Versions {
      readonly acknowledged?: Buffer;
      /** Under way when the coordinator ended: it may have been committed just before. */
      readonly sent?: Buffer;
    }
    const files = new Map<string, Versions>([['/old', { acknowledged: old }]]);
    for (let round = 1; round <= 4; round++) {
      let count226 = 0;
      const target = 3 + round * 7;
      const enough = Promise.withResolvers<void>();
      const upload = async (session: Client, worker: number) => {
        for (let count = 0; ; count++) {
          // Every other file is a new version of one of an earlier round.
          const path = count % 2 === 0 ? `/${worker}-${round}-${count}` : `/${worker}-${count % 8}`;
          const bytes = content(
            1 + ((worker * 7919 + round * 104_729 + count * 15_485_863) % 200_000),
            count,
          );
          files.set(path, { ...files.get(path), sent: bytes });
          await store(session, path, bytes);
          files.set(path, { acknowledged: bytes });
          if (++count226 === target) enough.resolve();
        }
      };
      const sessions = await Promise.all([1, 2, 3, 4].map(login));
      const work = Promise.allSettled(sessions.map(upload));
      await enough.promise;
      await servers.kill('coordinator');
      await work;
      for (const session of sessions) session.close();
      await restart();

      const found: Record<string, Buffer> = {};
      const session = await login();
      const present = new Set((await client.list('/')).map(({ path }) => path));
      for (const [path, { acknowledged, sent }] of files) {
        if (!present.has(path)) {
          expect(acknowledged, `${path} was acknowledged and is gone`).toBeUndefined();
          files.delete(path);
          continue;
        }
        const bytes = await retrieve(session, path);
        const version = [acknowledged, sent].find((each) => each?.equals(bytes));
        if (version === undefined) expect.fail(`${path} is none of the versions that were sent`);
        files.set(path, { acknowledged: version });
        found[path] = version;
      }
      session.close();
      await expectStored(found);
    }
  });
});

test.runIf(process.platform !== 'win32')(
  'a storage server that stands still holds up nothing else',
  async () => {
    const stalled: ServerName = 'storage 2';
    await writeFile(local('up'), content(20_000_000, 4));
    await client.uploadFile(local('up'), '/stalled');
    process.kill(servers.pid(stalled), 'SIGSTOP');
    try {
      const upload = client.uploadFile(local('up'), '/stalled-upload');
      const download = client.downloadFile('/stalled', local('down'));
      const ends = vi.fn();
      void upload.then(ends, ends);
      void download.then(ends, ends);
      const session = await login();
      await session.send('MKD /folder');
      await session.rename('/old', '/folder/old');
      expect(await session.size('/folder/old')).toBe(old.length);
      expect((await session.list('/')).map(({ name }) => name).sort()).toEqual(['folder', 'stalled']);
      session.close();
      expect(ends).not.toHaveBeenCalled();
      process.kill(servers.pid(stalled), 'SIGCONT');
      expect(await upload).toMatchObject({ files: 1, failures: [] });
      expect(await download).toMatchObject({ files: 1, failures: [] });
    } finally {
      process.kill(servers.pid(stalled), 'SIGCONT');
    }
  },
);

test.runIf(process.platform !== 'win32')('a storage server that never answers again is named', async () => {
  await appendFile(servers.envFile, 'FTP_TIMEOUT2=5\n');
  await servers.restart('coordinator');
  const upload = client.uploadFile(await endlessFile(), '/new');
  await bytesUnderWay();
  process.kill(servers.pid('storage 2'), 'SIGSTOP');
  try {
    expectFailureAt(await upload, 2);
    expectFailureAt(await client.downloadFile('/old', local('copy')), 2);
  } finally {
    process.kill(servers.pid('storage 2'), 'SIGCONT');
  }
  await expectStored({ '/old': old });
});
