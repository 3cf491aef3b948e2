import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Pool } from '../../src/coordinator/pool/pool.ts';
import { startFtpServer } from '../../src/ftp/server.ts';
import { createLog } from '../../src/log/log.ts';
import { Folder } from '../../src/storage/folder.ts';
import { freePorts } from '../ports.ts';
import { temporaryFolder } from './ftp-server-fixture.ts';

test('a server that came back is not refused by an answer that was asked for before', async () => {
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
  const tls = { mode: 'off', waived: false } as const;
  const account = { user: 'u', password: 'p' };
  const pool = new Pool('pool', [{ number: 1, host: '127.0.0.1', port, account, folder, tls }], log);
  onTestFinished(() => pool.close());
  await expect(pool.server(1).probe()).resolves.toMatch('is down');

  const front = createServer().listen(port, '127.0.0.1');
  onTestFinished(() => void front.close());
  await once(front, 'listening');
  const early = pool.server(1).whyDown();
  const [unanswered]: Socket[] = await once(front, 'connection');
  front.on('connection', (client: Socket) => {
    const server = connect(storage.port, '127.0.0.1');
    client.pipe(server).pipe(client);
  });
  const reachable = pool.requireReachable([1], 1);
  unanswered?.end('500 not yet\r\n');
  await expect(early).resolves.toMatch('storage server 1');
  await expect(reachable).resolves.toBeUndefined();
});
