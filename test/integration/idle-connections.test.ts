/** Connections that were idle for so long that the way to the server has forgotten them, as a router does. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { Client } from 'basic-ftp';
import { expect, onTestFinished, test, vi } from 'vitest';
import { IdleConnections } from '../../src/coordinator/pool/idle-connections.ts';
import { StorageConnection } from '../../src/coordinator/pool/storage-connection.ts';

const capabilities = {
  features: '',
  storesAtomically: false,
  inline: false,
  root: '/',
  size: true,
  facts: true,
  restart: true,
  rename: true,
  renameReplaces: true,
  setTime: true,
  digests: [],
  tls: undefined,
  unproven: undefined,
};

test('one that does not answer is enough to give up those that have been idle for longer', async () => {
  const asked: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('data', (bytes) => void asked.push(bytes.toString())).on('error', () => {}));
    socket.write('220 Hello\r\n');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    vi.useRealTimers();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it has no port');
  const open = async () => {
    const client = new Client();
    await client.connect('127.0.0.1', address.port);
    return new StorageConnection(client, capabilities);
  };
  const idle = new IdleConnections(() => {});
  const old = [await open(), await open(), await open()];
  for (const connection of old) idle.keep(connection);
  vi.setSystemTime(Date.now() + 600_000);
  const taken = idle.take(false);
  const fresh = await open(); // Somebody gives his back meanwhile.
  idle.keep(fresh);
  expect(await taken).toBeUndefined();
  expect(asked).toEqual(['NOOP\r\n']);
  expect(old.map(({ closed }) => closed)).toEqual([true, true, true]);
  expect(idle.count).toBe(1);
  idle.close();
  expect(fresh.closed).toBe(true);
});
