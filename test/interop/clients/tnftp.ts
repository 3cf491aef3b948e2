import type { ClientKind } from './client.ts';
import { openDialogue } from './dialogue.ts';

/** The `ftp` of NetBSD, macOS and Debian. */
export const tnftp: ClientKind = {
  name: 'tnftp',
  tool: 'tnftp',
  securities: ['plain'],
  active: true,
  raw: ['setTime'],
  open: (door) => openDialogue('tnftp', door.active ? ['-A'] : [], door),
};
