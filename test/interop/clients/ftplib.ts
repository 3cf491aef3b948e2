import { join } from 'node:path';
import type { ClientKind } from './client.ts';
import { openScript } from './script.ts';

/** Python's own. Its FTP_TLS is explicit only. */
export const ftplib: ClientKind = {
  name: 'ftplib',
  tool: 'python3',
  securities: ['plain', 'explicit'],
  active: true,
  raw: ['setTime'],
  open: (door) => openScript('python3', join(import.meta.dirname, 'ftplib_client.py'), door),
};
