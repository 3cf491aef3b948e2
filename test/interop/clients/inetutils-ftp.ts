import type { ClientKind } from './client.ts';
import { openDialogue } from './dialogue.ts';

/** GNU's `ftp`. */
export const inetutilsFtp: ClientKind = {
  name: 'inetutils-ftp',
  tool: 'inetutils-ftp',
  securities: ['plain'],
  active: true,
  raw: ['setTime'],
  open: (door) => openDialogue('inetutils-ftp', [door.active ? '-A' : '-p'], door),
};
