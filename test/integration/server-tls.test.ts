import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { StorageServerConfiguration } from '../../src/config/configuration.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { runCoordinator } from '../../src/coordinator/coordinator-server.ts';
import { createLog } from '../../src/log/log.ts';
import { storageServerTls } from '../../src/servers/server-tls.ts';
import { StartError } from '../../src/servers/start-error.ts';
import { runStorageServer } from '../../src/storage/storage-server.ts';
import { freePorts } from '../ports.ts';
import { temporaryFolder } from './ftp-server-fixture.ts';

const log = createLog('test', 'silent');

describe('a bundled storage server that other machines can reach', () => {
  async function configuration(tls: StorageServerConfiguration['tls']): Promise<StorageServerConfiguration> {
    const folder = join(await temporaryFolder(), 'parts');
    return {
      number: 3,
      account: { user: 'u', password: 'a long password' },
      host: '192.0.2.1',
      port: 2122,
      folder,
      tls,
    };
  }

  it('does not start in plain text, and it is said what to set', async () => {
    const failed = runStorageServer(await configuration({ mode: 'off', waived: false }), log);
    await expect(failed).rejects.toThrow(StartError);
    await expect(failed).rejects.toThrow(/set FTP_TLS3=explicit, or waive it with FTP_TLS3=off/);
  });

  it('does when that is waived, or has TLS, which then everybody must use', async () => {
    expect(await storageServerTls(await configuration({ mode: 'off', waived: true }), log)).toBeUndefined();
    const tls = await storageServerTls(await configuration({ mode: 'implicit', waived: false }), log);
    expect(tls?.ftp).toMatchObject({ required: true, implicit: 'only' });
    expect(tls?.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });
});

it('a port for implicit TLS that is taken keeps the coordinator from starting, with the name of its variable', async () => {
  const folder = await temporaryFolder();
  const [port, tlsPort, storagePort] = await freePorts(3);
  const taken = createServer().listen(tlsPort, '127.0.0.1');
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());
  const configuration = await loadConfiguration({
    environment: {
      FTP_USER: 'user',
      FTP_PASSWORD: 'password',
      FTP_PORT: String(port),
      FTP_TLS: 'optional',
      FTP_TLS_PORT: String(tlsPort),
      FTP_SERVER_DIR: join(folder, 'server'),
      FTP_USER1: 'user1',
      FTP_PASSWORD1: 'password1',
      FTP_PORT1: String(storagePort),
      FTP_STORAGE_DIR1: join(folder, 'storage'),
    },
  });
  await expect(runCoordinator(configuration, log)).rejects.toThrow(
    `Port ${tlsPort} (FTP_TLS_PORT) is in use by another program: stop it or set FTP_TLS_PORT to a free port.`,
  );
  // The usual port, which it had by then, is free again.
  const again = createServer().listen(port, '127.0.0.1');
  await once(again, 'listening');
  again.close();
});
