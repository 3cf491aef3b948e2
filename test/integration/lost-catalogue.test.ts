/** A coordinator without a catalogue, on storage servers that hold a pool. */
import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test, vi } from 'vitest';
import { splitftp } from './command.ts';
import { content } from './content.ts';
import { openSession, retrieve, store } from './ftp-session.ts';
import { startServers, type TestServers } from './servers.ts';

vi.setConfig({ testTimeout: 300_000 });

let servers: TestServers;
afterEach(() => servers.stop());

async function loseCatalogue(): Promise<void> {
  await servers.kill('coordinator');
  await rm(servers.configuration.coordinator.folder, { recursive: true });
}

async function names(): Promise<string[]> {
  const session = await openSession(servers.configuration.coordinator);
  const entries = await session.list('/');
  session.close();
  return entries.map(({ name }) => name);
}

test('refuses to begin anew where there are files, until they are back or a new pool is wanted', async () => {
  servers = await startServers();
  const session = await openSession(servers.configuration.coordinator);
  await store(session, '/a', content(1_000, 1));
  session.close();
  await loseCatalogue();
  await expect(servers.restart('coordinator')).rejects.toThrow(
    /has no catalogue, but there is pool splitftp-[0-9a-f]{12} \(on storage servers 1, 2\): .*"splitftp rebuild".*FTP_NEW_POOL=yes/,
  );
  const rebuilt = await splitftp(['rebuild', '--env', servers.envFile], servers.folder);
  expect(rebuilt.status).toBe(0);
  await servers.restart('coordinator');
  const again = await openSession(servers.configuration.coordinator);
  expect((await retrieve(again, '/a')).equals(content(1_000, 1))).toBe(true);
  again.close();
  await loseCatalogue();
  await appendFile(servers.envFile, 'FTP_NEW_POOL=yes\n');
  await servers.restart('coordinator');
  expect(await names()).toEqual([]);
  expect(servers.output('coordinator').join('\n')).toContain('a new pool is begun beside pool splitftp-');
});

test('begins anew where nothing was ever stored', async () => {
  servers = await startServers();
  await loseCatalogue();
  await servers.restart('coordinator');
  expect(await names()).toEqual([]);
});

test('starts while storage servers are down, and warns when they come with another pool', async () => {
  servers = await startServers();
  const session = await openSession(servers.configuration.coordinator);
  await store(session, '/a', content(1_000, 1));
  session.close();
  await servers.kill('storage 1');
  await servers.kill('storage 2');
  await loseCatalogue();
  await servers.restart('coordinator');
  const output = () => servers.output('coordinator').join('\n');
  await vi.waitFor(() => expect(output()).toContain('a new pool is begun without knowing'), {
    timeout: 60_000,
  });
  await servers.restart('storage 1');
  await vi.waitFor(() => expect(output()).toMatch(/storage server 1 .* holds pool splitftp-.*rebuild/), {
    timeout: 60_000,
  });
});

test('refuses the catalogue of a newer version, and says what helps', async () => {
  servers = await startServers();
  await servers.kill('coordinator');
  const database = new DatabaseSync(join(servers.configuration.coordinator.folder, 'catalogue.sqlite'));
  database.exec('PRAGMA user_version = 1000');
  database.close();
  await expect(servers.restart('coordinator')).rejects.toThrow(
    /\(FTP_SERVER_DIR\) cannot be used: the catalogue was made by a newer SplitFTP: update this one\.$/m,
  );
});
