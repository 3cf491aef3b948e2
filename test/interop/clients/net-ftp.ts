import { join } from 'node:path';
import type { ClientKind } from './client.ts';
import { openScript } from './script.ts';

/** Perl's own; its TLS needs IO::Socket::SSL. */
export const netFtp: ClientKind = {
  name: 'Net::FTP',
  tool: 'Net::FTP',
  securities: ['plain', 'explicit', 'implicit'],
  active: true,
  raw: ['setTime'],
  open: (door) => openScript('perl', join(import.meta.dirname, 'net_ftp_client.pl'), door),
};
