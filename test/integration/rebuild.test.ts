/** The catalogue is lost, and made anew from the storage servers. */
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Client, FTPError } from 'basic-ftp';
import fc from 'fast-check';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { type RebuildOptions, rebuildCatalogue } from '../../src/coordinator/rebuild/rebuild.ts';
import { createLog } from '../../src/log/log.ts';
import { dumpCatalogue } from './catalogue-dump.ts';
import { splitftp } from './command.ts';
import { content } from './content.ts';
import { append, openSession, retrieve, store } from './ftp-session.ts';
import { startServers, type TestServers } from './servers.ts';
import { partFile } from './stored-parts.ts';

vi.setConfig({ testTimeout: 300_000 });

const pool = { storageServers: 3, settings: { FTP_DATA_PARTS: '2', FTP_PARITY_PARTS: '1' } };
let servers: TestServers;
afterEach(() => servers.stop());

const rebuild = (...args: string[]) =>
  splitftp(['rebuild', '--env', servers.envFile, ...args], servers.folder);

/** Without a process of its own, and without starting storage servers. */
const rebuildHere = (options: Partial<RebuildOptions> = {}): Promise<unknown> =>
  rebuildCatalogue({
    folder: servers.configuration.coordinator.folder,
    storageServers: servers.configuration.storageServers,
    acceptLoss: false,
    log: createLog('test', 'silent'),
    onProgress: () => undefined,
    ...options,
  });

/** The coordinator's disk is gone. @returns what was on it */
async function loseCatalogue(): Promise<Record<string, unknown>> {
  await servers.kill('coordinator');
  const { folder } = servers.configuration.coordinator;
  const before = dumpCatalogue(folder);
  await rm(folder, { recursive: true });
  return before;
}

const storageFolder = (number: number) => join(servers.folder, `storage_folder${number}`);

/** A storage server is gone with its disk. @returns brings both back */
async function takeAway(number: number): Promise<() => Promise<void>> {
  await servers.kill(`storage ${number}`);
  await rename(storageFolder(number), `${storageFolder(number)}.away`);
  return async () => {
    await rename(`${storageFolder(number)}.away`, storageFolder(number));
    await servers.restart(`storage ${number}`);
  };
}

async function openCoordinator(): Promise<Client> {
  return openSession(servers.configuration.coordinator);
}

test('every file, folder, rename, removal and time is there again, and goes on from there', async () => {
  servers = await startServers(pool);
  const session = await openCoordinator();
  await session.send('MKD /old');
  await session.send('MKD /empty');
  await store(session, '/old/a', content(700_000, 1));
  await append(session, '/old/a', content(100_000, 2));
  await store(session, '/old/b', content(10, 3));
  await store(session, '/old/b', content(20, 4));
  await store(session, '/gone', content(30, 5));
  await session.send('DELE /gone');
  await session.rename('/old', '/new "name" 🗂');
  await session.send('MFMT 20200102030405 /new "name" 🗂/b');
  session.close();

  const before = await loseCatalogue();
  const first = await rebuild();
  expect(first.stderr).toBe('');
  expect(first.stdout).toMatch(/^rebuilt: 2 files and 2 folders, 781\.3 KiB$/m);
  expect(dumpCatalogue(servers.configuration.coordinator.folder)).toEqual(before);

  const again = await rebuild();
  expect(again.stderr).toMatch(/There is a catalogue in .*: move catalogue\.sqlite\* away/);
  expect(again.status).toBe(1);

  await servers.restart('coordinator');
  const later = await openCoordinator();
  const a = await retrieve(later, '/new "name" 🗂/a');
  expect(a.equals(Buffer.concat([content(700_000, 1), content(100_000, 2)]))).toBe(true);
  await store(later, '/after', content(40, 6));
  later.close();
  const second = await loseCatalogue();
  expect((await rebuild()).stderr).toBe('');
  expect(dumpCatalogue(servers.configuration.coordinator.folder)).toEqual(second);
});

test('changes that may be missing are not passed over: the servers that could tell are named', async () => {
  servers = await startServers(pool);
  const session = await openCoordinator();
  await session.send('MKD /a');
  session.close();
  await loseCatalogue();
  const back = [await takeAway(1), await takeAway(2)];
  const refused = await rebuild();
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/storage server 1 .* is down/);
  expect(refused.stderr).toMatch(/storage server 2 .* is down/);
  await back[0]?.();
  expect((await rebuild()).stdout).toMatch(/^rebuilt: 0 files and 1 folder/m);
});

test('at 4+2 with two servers gone, after renames and removals', async () => {
  servers = await startServers({
    storageServers: 6,
    settings: { FTP_DATA_PARTS: '4', FTP_PARITY_PARTS: '2' },
  });
  const files = new Map<string, Buffer>();
  for (const [round, gone] of [
    [1, 2],
    [3, 6],
  ].entries()) {
    const session = await openCoordinator();
    const folder = `/round ${round}`;
    await session.send(`MKD ${folder}`);
    for (const [index, size] of [0, 10, 700_000, 2_500_000].entries()) {
      const bytes = content(size, 10 * round + index);
      await store(session, `${folder}/${size}`, content(5, index));
      await store(session, `${folder}/${size}`, bytes);
      files.set(`/moved ${round}/${size}`, bytes);
    }
    await store(session, '/gone', content(1000, round));
    await session.send('DELE /gone');
    await store(session, `${folder}/first`, content(300_000, round));
    await session.rename(`${folder}/first`, `${folder}/10`);
    files.set(`/moved ${round}/10`, content(300_000, round));
    await session.rename(folder, `/moved ${round}`);
    await session.send(`MFMT 20200102030405 /moved ${round}/700000`);
    session.close();

    const before = await loseCatalogue();
    const back: (() => Promise<void>)[] = [];
    for (const number of gone) back.push(await takeAway(number));
    expect((await rebuild()).stderr).toBe('');
    expect(dumpCatalogue(servers.configuration.coordinator.folder)).toEqual(before);
    await servers.restart('coordinator');
    const later = await openCoordinator();
    for (const [path, bytes] of files) expect((await retrieve(later, path)).equals(bytes), path).toBe(true);
    later.close();
    for (const bringBack of back) await bringBack();
  }
});

const path = fc.constantFrom('/a', '/b', '/d', '/d/a', '/d/b', '/e', '/e/a');
const step = fc.oneof(
  fc.record({ kind: fc.constant('store' as const), path, size: fc.integer({ min: 0, max: 2_000 }) }),
  fc.record({ kind: fc.constant('append' as const), path, size: fc.integer({ min: 0, max: 2_000 }) }),
  fc.record({ kind: fc.constant('rename' as const), path, to: path }),
  fc.record({ kind: fc.constantFrom('MKD', 'RMD', 'DELE', 'MFMT 20010203040506'), path }),
);

test('after any changes, with any one server gone', async () => {
  servers = await startServers(pool);
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 40 }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, gone) => {
        const session = await openCoordinator();
        for (const [index, each] of steps.entries()) {
          try {
            if (each.kind === 'store') await store(session, each.path, content(each.size, index));
            else if (each.kind === 'append') await append(session, each.path, content(each.size, index));
            else if (each.kind === 'rename') await session.rename(each.path, each.to);
            else await session.send(`${each.kind} ${each.path}`);
          } catch (error) {
            if (!(error instanceof FTPError)) throw error; // What cannot be done is refused.
          }
        }
        session.close();
        const before = await loseCatalogue();
        const back = await takeAway(gone);
        await rebuildHere();
        expect(dumpCatalogue(servers.configuration.coordinator.folder)).toEqual(before);
        await back();
        await servers.restart('coordinator');
      },
    ),
    { numRuns: 4, endOnFailure: true },
  );
});

test('without any journal the parts tell what files there were', async () => {
  servers = await startServers(pool);
  const session = await openCoordinator();
  await session.send('MKD /d');
  await store(session, '/d/long', content(3_000_000, 1));
  await append(session, '/d/long', content(500, 2));
  await store(session, '/short', content(3, 3));
  await store(session, '/short', content(4, 4));
  session.close();
  await loseCatalogue();
  for (const { folder } of servers.configuration.storageServers) {
    for (const name of await readdir(folder))
      await rm(join(folder, name, 'journal'), { recursive: true, force: true });
  }
  const refused = await rebuild();
  expect(refused.stderr).toMatch(/no journal of this pool.*--from-parts/s);
  expect(refused.status).toBe(1);
  const back = await takeAway(2);
  const saved = await rebuild('--from-parts');
  expect(saved.stderr).toBe('');
  expect(saved.stdout).toMatch(/^rebuilt: 2 files and 1 folder, 2\.9 MiB$/m);
  await back();
  await servers.restart('coordinator');
  const later = await openCoordinator();
  const long = await retrieve(later, '/d/long');
  expect(long.equals(Buffer.concat([content(3_000_000, 1), content(500, 2)]))).toBe(true);
  expect((await retrieve(later, '/short')).equals(content(4, 4))).toBe(true);
  await store(later, '/d/new', content(5, 5));
  later.close();
  const before = await loseCatalogue();
  expect((await rebuild()).stderr).toBe('');
  const after = dumpCatalogue(servers.configuration.coordinator.folder);
  for (const what of ['pool', 'entries', 'segments']) expect(after[what]).toEqual(before[what]);
});

test('the coordinator killed between a change and its record: not told, so it may have happened or not', async () => {
  servers = await startServers(pool);
  const first = await openCoordinator();
  await store(first, '/a', content(1_000, 1));
  first.close();
  const names = async () => {
    const session = await openCoordinator();
    const listed = await session.list();
    session.close();
    return listed.map(({ name }) => name);
  };
  const renameAndCrash = async () => {
    vi.stubEnv('SPLITFTP_CRASH_POINT', 'rename.done');
    onTestFinished(() => void vi.unstubAllEnvs());
    await servers.restart('coordinator');
    vi.unstubAllEnvs();
    const session = await openCoordinator();
    await expect(session.rename('/a', '/b')).rejects.toThrow();
    session.close();
  };
  // The disk is lost at that moment: the storage servers know nothing of it.
  await renameAndCrash();
  await rm(servers.configuration.coordinator.folder, { recursive: true });
  await rebuildHere();
  await servers.restart('coordinator');
  expect(await names()).toEqual(['a']);
  // The disk is lost later: the next start has told them.
  await renameAndCrash();
  await servers.restart('coordinator');
  expect(await names()).toEqual(['b']);
  const session = await openCoordinator();
  await session.send('MKD /c'); // A change is acknowledged when all before it are in the journal.
  session.close();
  const before = await loseCatalogue();
  await rebuildHere();
  expect(dumpCatalogue(servers.configuration.coordinator.folder)).toEqual(before);
});

test('files that have lost too many parts are named, and the exit status tells of them', async () => {
  servers = await startServers({ storageServers: 2 });
  const session = await openCoordinator();
  await store(session, '/whole', content(1_000, 1));
  await store(session, '/torn', content(1_000, 2));
  session.close();
  const [part] = await servers.client().where('/torn');
  if (!part) throw new Error('the file has no part');
  await rm(partFile(servers, part));
  await loseCatalogue();
  const { status, stdout } = await rebuild();
  expect(stdout).toMatch(/^rebuilt: 2 files/m);
  expect(stdout).toMatch(/^too few parts are left of: \/torn$/m);
  expect(status).toBe(1);
});

test('interrupted it leaves nothing, and can be begun again', async () => {
  servers = await startServers(pool);
  const session = await openCoordinator();
  await store(session, '/a', content(300_000, 1));
  session.close();
  const before = await loseCatalogue();
  const { folder } = servers.configuration.coordinator;
  for (const line of [/^pool /, / applied, /, /parts on storage server/]) {
    const interruption = new AbortController();
    const onProgress = (message: string) => {
      if (line.test(message)) interruption.abort(new Error('interrupted'));
    };
    await expect(rebuildHere({ signal: interruption.signal, onProgress })).rejects.toThrow('interrupted');
    expect(await readdir(folder).catch(() => [])).toEqual([]);
  }
  await rebuildHere();
  expect(dumpCatalogue(folder)).toEqual(before);
});

test('twice at the same time it is as if once', async () => {
  servers = await startServers(pool);
  const session = await openCoordinator();
  for (const name of ['a', 'b', 'c']) await store(session, `/${name}`, content(1_000, 1));
  session.close();
  const before = await loseCatalogue();
  const { folder } = servers.configuration.coordinator;
  const results = await Promise.allSettled([rebuildHere(), rebuildHere()]);
  expect(results.map(({ status }) => status)).toContain('fulfilled');
  expect(await readdir(folder)).toEqual(['catalogue.sqlite']);
  expect(dumpCatalogue(folder)).toEqual(before);
});

test('is refused while the coordinator runs', async () => {
  servers = await startServers(pool);
  const { folder, port } = servers.configuration.coordinator;
  await rename(folder, `${folder}.away`);
  const refused = await rebuild();
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toContain(`Something answers at 127.0.0.1:${port}`);
  expect(refused.stderr).toContain('stop it first');
});
