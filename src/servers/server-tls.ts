import type { CoordinatorConfiguration, StorageServerConfiguration } from '../config/configuration.ts';
import { type Fingerprint, formatFingerprint } from '../config/fingerprint.ts';
import { isLoopback } from '../config/loopback.ts';
import { storageTlsVariables, tlsVariables } from '../config/variables.ts';
import type { FtpTls } from '../ftp/server.ts';
import type { Log } from '../log/log.ts';
import { coordinatorCertificateFiles, storageCertificateFiles } from '../tls/certificate-files.ts';
import { type CertificateSource, serverCertificate } from './server-certificate.ts';
import { StartError } from './start-error.ts';

export interface ServerTls {
  readonly ftp: FtpTls;
  readonly fingerprint: Fingerprint;
}

/** A certificate that ends sooner is worth a warning, in milliseconds. */
const warningMs = 30 * 86_400_000;

/** How a coordinator speaks TLS; undefined when it does not. @throws StartError */
export async function coordinatorTls(
  coordinator: CoordinatorConfiguration,
  log: Log,
): Promise<ServerTls | undefined> {
  const { tls, host, dataConnections } = coordinator;
  if (tls.mode === 'off') return undefined;
  const passiveAddress = dataConnections?.passiveAddress;
  const source: CertificateSource = {
    files: coordinatorCertificateFiles(coordinator),
    variables: tlsVariables,
    isGenerated: tls.certificate === undefined,
    hosts: passiveAddress === undefined ? [host] : [host, passiveAddress],
  };
  return withCertificate(source, log, {
    required: tls.mode === 'required',
    ...(tls.implicitPort !== undefined && { implicit: { port: tls.implicitPort } }),
  });
}

/**
 * How a bundled storage server speaks TLS; undefined when it does not.
 * @throws StartError also when other machines reach it in plain text and nobody has said that they may
 */
export async function storageServerTls(
  server: StorageServerConfiguration,
  log: Log,
): Promise<ServerTls | undefined> {
  const { tls, host, number } = server;
  const variables = storageTlsVariables(number);
  if (tls.mode === 'off') {
    if (isLoopback(host) || tls.waived) return undefined;
    throw new StartError(
      `Storage server ${number} listens on ${host}, which other machines can reach, without TLS: ` +
        `set ${variables.mode}=explicit, or waive it with ${variables.mode}=off.`,
    );
  }
  const source: CertificateSource = {
    files: storageCertificateFiles(server),
    variables,
    isGenerated: tls.certificate === undefined,
    hosts: [host],
  };
  return withCertificate(source, log, {
    required: true,
    ...(tls.mode === 'implicit' && { implicit: 'only' }),
    // The coordinator asks for the size of every part, whose footer it knows, too.
    trustsEndOfData: true,
  });
}

/** For a server's announcement: how to reach it, and by what to know it. */
export function describeTls(tls: ServerTls | undefined): string {
  if (!tls) return '';
  const { required, implicit } = tls.ftp;
  const ports = implicit === 'only' ? ' (implicit)' : implicit ? ` (implicit on port ${implicit.port})` : '';
  return `, TLS ${required ? 'required' : 'optional'}${ports}, SHA-256 ${formatFingerprint(tls.fingerprint)}`;
}

async function withCertificate(
  source: CertificateSource,
  log: Log,
  options: Omit<FtpTls, 'certificate' | 'key'>,
): Promise<ServerTls> {
  const { certificate, key, fingerprint, expires } = await serverCertificate(source);
  if (expires.getTime() - Date.now() < warningMs) {
    log.warn({ file: source.files.certificate, expires }, 'the TLS certificate expires soon: renew it');
  }
  return { ftp: { certificate, key, ...options }, fingerprint };
}
