/** The coordinator is started with an older copy of its catalogue, from a backup. */
import { cp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { splitftp } from './command.ts';
import { content } from './content.ts';
import { openSession, retrieve, store } from './ftp-session.ts';
import { startServers, type TestServers } from './servers.ts';

vi.setConfig({ testTimeout: 300_000 });

let servers: TestServers;
afterEach(() => servers.stop());

const before = content(300_000, 1);
const after = content(200_000, 2);

async function filesOnServers(): Promise<readonly string[]> {
  const folders = servers.configuration.storageServers.map(({ folder }) => folder);
  const names = await Promise.all(folders.map((folder) => readdir(folder, { recursive: true })));
  return names.flatMap((each, index) => each.map((name) => `${index + 1}/${name}`)).sort();
}

test('nothing is read, written or removed by it, and the reason is told; a rebuilt one has everything', async () => {
  servers = await startServers({ storageServers: 3 });
  const { folder } = servers.configuration.coordinator;
  const copy = join(servers.folder, 'backup');
  const first = await openSession(servers.configuration.coordinator);
  await store(first, '/changed', before);
  first.close();
  await servers.kill('coordinator');
  await cp(folder, copy, { recursive: true });
  await servers.restart('coordinator');
  const second = await openSession(servers.configuration.coordinator);
  await store(second, '/changed', after);
  await store(second, '/new', after);
  second.close();
  await servers.kill('coordinator');
  const stored = await filesOnServers();

  await rm(folder, { recursive: true });
  await rename(copy, folder);
  await servers.restart('coordinator');
  const reason = /storage server \d \(.*\) is not used: .*older copy.*"splitftp rebuild"/;
  const reports = await servers.client().status();
  for (const report of reports.filter((each) => each.kind === 'storage server')) {
    expect(report).toMatchObject({ state: 'strange', reason: expect.stringMatching(reason) });
  }
  const old = await openSession(servers.configuration.coordinator);
  await expect(retrieve(old, '/changed')).rejects.toThrow(reason);
  await expect(store(old, '/another', before)).rejects.toThrow(reason);
  old.close();
  await servers.kill('coordinator');
  expect(await filesOnServers()).toEqual(stored);

  await rm(folder, { recursive: true });
  expect(await splitftp(['rebuild', '--env', servers.envFile], servers.folder)).toMatchObject({ status: 0 });
  await servers.restart('coordinator');
  const again = await openSession(servers.configuration.coordinator);
  expect((await retrieve(again, '/changed')).equals(after)).toBe(true);
  expect((await retrieve(again, '/new')).equals(after)).toBe(true);
  again.close();
});
