import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { coordinatorCertificateFiles } from '../../src/tls/certificate-files.ts';
import { startServers, type TestServers } from '../integration/servers.ts';
import { freePorts } from '../ports.ts';
import type { Door, Security } from './clients/client.ts';

/** A coordinator with two storage servers, to whom nobody can talk otherwise. */
export async function startDoors(
  security: Security,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestServers> {
  if (security === 'plain') return startServers({ settings });
  const [implicitPort] = await freePorts(1);
  return startServers({ settings: { ...settings, FTP_TLS: 'required', FTP_TLS_PORT: `${implicitPort}` } });
}

/** What a client needs to know of them; it has a home folder of its own. */
export async function openDoor(servers: TestServers, security: Security, active = false): Promise<Door> {
  const { coordinator } = servers.configuration;
  const { host, account, tls } = coordinator;
  const port = security === 'implicit' ? tls.implicitPort : coordinator.port;
  if (port === undefined) throw new Error('implicit TLS has no port');
  const certificate = security === 'plain' ? undefined : coordinatorCertificateFiles(coordinator).certificate;
  const home = await mkdtemp(join(servers.folder, 'home-'));
  return { host, port, ...account, security, active, certificate, home };
}
