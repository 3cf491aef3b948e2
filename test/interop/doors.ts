import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { startServers, type TestServers } from '../integration/servers.ts';
import type { Door, Security } from './clients/client.ts';

/** A coordinator with two storage servers, whom every client must talk to in this way. */
export function startDoors(security: Security, settings: Record<string, string> = {}): Promise<TestServers> {
  if (security !== 'plain') throw new Error('TLS is still to come');
  return startServers({ settings });
}

/** What a client needs to know of them; it has a home folder of its own. */
export async function openDoor(servers: TestServers, security: Security, active = false): Promise<Door> {
  const { host, port, account } = servers.configuration.coordinator;
  const home = await mkdtemp(join(servers.folder, 'home-'));
  return { host, port, ...account, security, active, certificate: undefined, home };
}
