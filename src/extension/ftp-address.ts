import type { CoordinatorConfiguration } from '../config/configuration.ts';

/**
 * Where FTP clients find a coordinator. `ftps` is TLS from the first byte (RFC 4217 has no name for it), `ftpes` is
 * what FileZilla, WinSCP and lftp's users know for TLS that begins with AUTH; where TLS is optional the plain one is
 * right, since every client takes it.
 */
export function addressOf({
  host,
  port,
  account,
  tls,
}: Pick<CoordinatorConfiguration, 'host' | 'port' | 'account' | 'tls'>): string {
  const isImplicit = tls.mode === 'required' && tls.implicitPort !== undefined;
  const scheme = isImplicit ? 'ftps' : tls.mode === 'required' ? 'ftpes' : 'ftp';
  const name = host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${encodeURIComponent(account.user)}@${name}:${isImplicit ? tls.implicitPort : port}/`;
}
