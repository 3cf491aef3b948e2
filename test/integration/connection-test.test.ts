/** What "Add Storage Server..." finds out about a server before it is used. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StorageServerConfiguration } from '../../src/config/configuration.ts';
import { testStorageServer } from '../../src/extension/servers-view/connection-test.ts';
import { freePorts } from '../ports.ts';
import { startServers, type TestServers } from './servers.ts';

let servers: TestServers;
beforeAll(async () => {
  servers = await startServers({ settings: { FTP_TLS2: 'explicit' } });
});
afterAll(() => servers.stop());

/** As a person types it: nothing of this machine's files is known. */
function typed(number: number, change: Partial<StorageServerConfiguration> = {}): StorageServerConfiguration {
  const server = servers.configuration.storageServers.find((one) => one.number === number);
  if (server === undefined) throw new Error(`There is no storage server ${number}`);
  return { ...server, folder: '/nowhere', ...change };
}

test('a server that works says what it can', async () => {
  const verdict = await testStorageServer(typed(1));
  expect(verdict.kind === 'works' && verdict.can).toContain('SIZE');
});

test('a certificate that nobody knows is shown, and trusted by its fingerprint alone', async () => {
  const unknown = await testStorageServer(typed(2));
  expect(unknown.kind).toBe('unknown certificate');
  const fingerprint = unknown.kind === 'unknown certificate' ? unknown.fingerprint : '';
  expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
  const tls = { mode: 'explicit', waived: false } as const;
  const trusted = await testStorageServer(typed(2, { tls: { ...tls, fingerprint } }));
  expect(trusted.kind).toBe('works');
  const other = await testStorageServer(typed(2, { tls: { ...tls, fingerprint: '0'.repeat(64) } }));
  expect(other).toEqual({ kind: 'unknown certificate', fingerprint });
});

test('a wrong password, and nobody there, are told in words without the password', async () => {
  const refused = await testStorageServer(
    typed(1, { account: { user: 'user1', password: 'not this secret' } }),
  );
  expect(refused.kind === 'fails' && refused.reason).toMatch(/refuses the login/);
  expect(JSON.stringify(refused)).not.toContain('not this secret');
  const [port = 0] = await freePorts(1);
  const silent = await testStorageServer(typed(1, { port }));
  expect(silent.kind === 'fails' && silent.reason).toMatch(/nothing listens/);
});
