import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UnreachableError } from '../../src/client/errors.ts';
import { SplitClient } from '../../src/client/split-client.ts';
import { startServers, type TestServers } from './servers.ts';

let servers: TestServers;
beforeAll(async () => {
  servers = await startServers();
});
afterAll(() => servers?.stop());

test('a session that was dropped while idle is replaced, and nobody notices', async () => {
  const client = servers.client();
  await Promise.all(Array.from({ length: 8 }, () => client.list('/')));
  await servers.restart('coordinator');
  await Promise.all(Array.from({ length: 8 }, () => client.list('/')));
});

test('a coordinator that is gone is named, with what to do', async () => {
  const client = servers.client();
  await client.list('/');
  await servers.kill('coordinator');
  const { port } = servers.configuration.coordinator;
  const expected = `No coordinator answers at 127.0.0.1:${port}: start it with "splitftp serve"`;
  await expect(client.list('/')).rejects.toThrow(expected);
  await expect(client.upload([import.meta.filename], '/')).rejects.toThrow(UnreachableError);
  await servers.restart('coordinator');
  await client.list('/');
});

test('a coordinator that dies during an upload fails it, and has kept nothing of it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'splitftp-client-'));
  const client = servers.client();
  const path = join(folder, 'file');
  await writeFile(path, Buffer.alloc(64 * 1024 * 1024));
  let killed: Promise<void> | undefined;
  const onProgress = ({ bytesDone }: { bytesDone: number }) => {
    if (bytesDone > 8 * 1024 * 1024) killed ??= servers.kill('coordinator');
  };
  const { failures } = await client.upload([path], '/', { onProgress });
  expect(failures).toEqual([{ path, message: expect.stringContaining('closed the connection') }]);
  await killed;
  await servers.restart('coordinator');
  expect(await client.stat('/file')).toBeUndefined();
  await rm(folder, { recursive: true });
});

test('a wrong password is named, with the variables', async () => {
  const { coordinator } = servers.configuration;
  const client = new SplitClient({ ...coordinator, account: { user: 'user', password: 'wrong' } });
  await expect(client.list('/')).rejects.toThrow(/refuses the user "user": check FTP_USER and FTP_PASSWORD/);
  client.close();
});

test('more tasks than sessions wait for their turn; closing ends them', async () => {
  const client = new SplitClient({ ...servers.configuration.coordinator, connections: 2 });
  await Promise.all(Array.from({ length: 20 }, () => client.stat('/')));
  const late = Array.from({ length: 5 }, () => client.list('/'));
  client.close();
  const outcomes = await Promise.allSettled(late);
  expect(outcomes.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
  await expect(client.list('/')).rejects.toThrow('the client was closed');
});
