import { join } from 'node:path';
import { pythonWith } from '../../tools.ts';
import type { ClientKind } from './client.ts';
import { openScript } from './script.ts';

/** TLS in Debian's aioftp 0.21 is implicit only; explicit came with 0.22. */
export const aioftp: ClientKind = {
  name: 'aioftp',
  tool: 'aioftp',
  securities: ['plain', 'implicit'],
  raw: ['setTime'],
  misreads: { 'a space after ': 'a space after' },
  open: (door) =>
    openScript(pythonWith('aioftp') ?? 'python3', join(import.meta.dirname, 'aioftp_client.py'), door),
};
