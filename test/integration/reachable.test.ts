import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Pool } from '../../src/coordinator/pool/pool.ts';
import { type FtpServer, startFtpServer } from '../../src/ftp/server.ts';
import { createLog } from '../../src/log/log.ts';
import { Folder } from '../../src/storage/folder.ts';
import { freePorts } from '../ports.ts';
import { temporaryFolder } from './ftp-server-fixture.ts';

/** A pool of one server, which is known to be down, and the port where it will be. */
async function downServer(connections?: number): Promise<{ pool: Pool; storage: FtpServer; port: number }> {
  const folder = await temporaryFolder();
  const log = createLog('test', 'silent');
  const files = await Folder.open(folder);
  const storage = await startFtpServer({
    host: '127.0.0.1',
    port: 0,
    log,
    greeting: 'Test',
    login: async () => ({ fileSystem: files }),
  });
  onTestFinished(() => storage.close());
  const [port = 0] = await freePorts(1);
  const server = {
    number: 1,
    host: '127.0.0.1',
    port,
    account: { user: 'u', password: 'p' },
    folder,
    tls: { mode: 'off', waived: false } as const,
    ...(connections !== undefined && { connections }),
  };
  const pool = new Pool('pool', [server], log);
  onTestFinished(() => pool.close());
  await expect(pool.server(1).probe()).resolves.toMatch('is down');
  return { pool, storage, port };
}

/** Stands where the server will be, and passes what comes to it. */
async function passOn(port: number, storage: FtpServer): Promise<Server> {
  const front = createServer((client) => {
    const server = connect(storage.port, '127.0.0.1');
    client.pipe(server).pipe(client);
  }).listen(port, '127.0.0.1');
  onTestFinished(() => void front.close());
  await once(front, 'listening');
  return front;
}

test('a server that came back is not refused by an answer that was asked for before', async () => {
  const { pool, storage, port } = await downServer();
  const unwilling = createServer((client) => {
    unwilling.close();
    asked.resolve(client);
  }).listen(port, '127.0.0.1');
  await once(unwilling, 'listening');
  const asked = Promise.withResolvers<Socket>();
  const early = pool.server(1).whyDown();
  const unanswered = await asked.promise;
  const reachable = pool.requireReachable([1], 1);
  await passOn(port, storage);
  unanswered.end('500 not yet\r\n');
  await expect(early).resolves.toMatch('storage server 1');
  await expect(reachable).resolves.toBeUndefined();
});

test('a server that came back is asked although its only place is taken for the moment', async () => {
  const { pool, storage, port } = await downServer(1);
  const { places } = pool.server(1);
  const giveBack = places.tryReserve();
  await passOn(port, storage);
  const reachable = pool.requireReachable([1], 1);
  await Promise.race([reachable, vi.waitFor(() => expect(places.wanted).toBe(true))]);
  giveBack?.();
  await expect(reachable).resolves.toBeUndefined();
});

test('whoever asks a server whose places stay taken hears what is known', async () => {
  const { pool } = await downServer(1);
  const giveBack = pool.server(1).places.tryReserve();
  await expect(pool.requireReachable([1], 1)).rejects.toThrow('storage server 1');
  expect(pool.server(1).places.wanted).toBe(false);
  giveBack?.();
  expect(pool.server(1).places.inUse).toBe(0);
});
