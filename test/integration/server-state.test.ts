/** Whether a storage server counts as up, by what became of several connections to it. */
import { expect, onTestFinished, test } from 'vitest';
import { Pool } from '../../src/coordinator/pool/pool.ts';
import type { StorageServer } from '../../src/coordinator/pool/storage-server.ts';
import { createLog } from '../../src/log/log.ts';
import type { FaultProxy } from '../reliability/fault-proxy.ts';
import { Rig } from '../reliability/rig.ts';

const timeout = 120_000;

async function startServer(): Promise<{ readonly server: StorageServer; readonly proxy: FaultProxy }> {
  const rig = await Rig.start({ dataParts: 2, parityParts: 0 });
  await rig.stopCoordinator();
  const pool = new Pool('pool', rig.configuration.storageServers, createLog('test', 'silent'));
  onTestFinished(async () => {
    pool.close();
    await rig.stop();
  });
  return { server: pool.server(1), proxy: rig.proxy(1) };
}

test('a server that answers over an older connection is not down any more', { timeout }, async () => {
  const { server, proxy } = await startServer();
  await server.use(async () => {
    proxy.arm({ kind: 'close', at: 'PASS' });
    await expect(server.connect()).rejects.toThrow();
  });
  expect(server.downSince).toBeDefined();
  expect(await server.probe()).toBeUndefined();
  expect(server.downSince).toBeUndefined();
});

test('a login that fails late does not make a server one that is down which has let others in', {
  timeout,
}, async () => {
  const { server, proxy } = await startServer();
  await server.probe(); // What it can do is known from then on.
  await server.use(async () => {
    proxy.arm({ kind: 'stall', at: 'PASS' }, 1);
    const late = server.connect();
    const failed = expect(late).rejects.toThrow('does not answer');
    while (proxy.struck === 0) await new Promise((resolve) => setImmediate(resolve));
    server.release(await server.connect());
    await failed;
  });
  expect(server.downSince).toBeUndefined();
  expect(await server.probe()).toBeUndefined();
});
