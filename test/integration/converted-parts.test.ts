/** Parts from before and after a conversion lie beside each other, as in copies of storage folders, or after a server was down. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Outcome, splitftp } from './command.ts';
import { content, firstDifference } from './content.ts';
import { append, openSession, retrieve, store } from './ftp-session.ts';
import { startServers, type TestServers } from './servers.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const begin = content(300_000, 1);
const more = content(100_000, 2);
const whole = Buffer.concat([begin, more]);
let servers: TestServers;

const run = (...args: string[]): Promise<Outcome> => splitftp(args, servers.folder);

beforeEach(async () => {
  servers = await startServers({
    storageServers: 3,
    settings: { FTP_DATA_PARTS: '1', FTP_PARITY_PARTS: '1' },
  });
  const session = await openSession(servers.configuration.coordinator);
  await store(session, '/file', begin);
  await append(session, '/file', more);
  session.close();
  for (const number of [1, 2, 3])
    await cp(join(servers.folder, `storage_folder${number}`), join(servers.folder, `old${number}`), {
      recursive: true,
    });
  const env = await readFile(servers.envFile, 'utf8');
  await writeFile(servers.envFile, env.replace('FTP_DATA_PARTS=1', 'FTP_DATA_PARTS=2'));
  await servers.restart('coordinator');
  expect(await run('convert', '/')).toMatchObject({ status: 0 });
});
afterEach(() => servers.stop());

test('join takes those of one version, whichever are there', async () => {
  const joined = async (name: string, ...folders: string[]) => {
    expect(await run('join', ...folders, '-o', name)).toMatchObject({ status: 0, stderr: '' });
    return firstDifference(await readFile(join(servers.folder, name)), whole);
  };
  const now = ['storage_folder1', 'storage_folder2', 'storage_folder3'];
  const before = ['old1', 'old2', 'old3'];
  expect(await joined('a', ...now, ...before)).toBeUndefined();
  expect(await joined('b', ...before)).toBeUndefined();
  expect(await joined('c', ...before, 'storage_folder1')).toBeUndefined();
});

test('rebuild --from-parts, too', async () => {
  await servers.kill('coordinator');
  for (const number of [1, 2, 3])
    await cp(join(servers.folder, `old${number}`), join(servers.folder, `storage_folder${number}`), {
      recursive: true,
      force: false,
    });
  await rm(servers.configuration.coordinator.folder, { recursive: true });
  expect(await run('rebuild', '--from-parts', '--env', servers.envFile)).toMatchObject({ status: 0 });
  await servers.restart('coordinator');
  const session = await openSession(servers.configuration.coordinator);
  expect(firstDifference(await retrieve(session, '/file'), whole)).toBeUndefined();
  session.close();
});
