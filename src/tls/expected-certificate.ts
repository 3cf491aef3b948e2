import type { CoordinatorConfiguration, StorageServerConfiguration } from '../config/configuration.ts';
import { storageTlsVariables, tlsVariables } from '../config/variables.ts';
import {
  coordinatorCertificateFiles,
  fingerprintOfFile,
  storageCertificateFiles,
} from './certificate-files.ts';
import type { Trust } from './trust.ts';

type WithTls<T extends { tls: unknown; folder: string }> = Pick<T, 'tls' | 'folder'>;

/** What the coordinator of a configuration must show: the pinned certificate, or that of its files on this machine. */
export async function coordinatorTrust(coordinator: WithTls<CoordinatorConfiguration>): Promise<Trust> {
  const { mode, fingerprint } = coordinator.tls;
  if (mode === 'off') return {};
  if (fingerprint !== undefined) return { fingerprint, origin: tlsVariables.fingerprint };
  return trustFile(coordinatorCertificateFiles(coordinator).certificate);
}

/** Likewise for a storage server, which may also have its own authorities. */
export async function storageTrust(
  server: WithTls<StorageServerConfiguration> & Pick<StorageServerConfiguration, 'number'>,
): Promise<Trust> {
  const { mode, fingerprint, ca } = server.tls;
  if (mode === 'off') return {};
  const origin = storageTlsVariables(server.number).fingerprint;
  if (fingerprint !== undefined) return { fingerprint, origin };
  if (ca !== undefined) return { ca };
  return trustFile(storageCertificateFiles(server).certificate);
}

async function trustFile(path: string): Promise<Trust> {
  const fingerprint = await fingerprintOfFile(path);
  return fingerprint === undefined ? {} : { fingerprint, origin: path };
}
