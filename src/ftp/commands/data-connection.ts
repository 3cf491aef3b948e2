import { isIPv4 } from 'node:net';
import { plainAddress } from '../passive-listener.ts';
import type { Reply } from '../replies.ts';
import type { Session } from '../session.ts';
import { type Command, user } from './command.ts';

/** RFC 2428 for EPSV and EPRT, RFC 959, section 4.1.2 for PASV and PORT. */
export const dataConnectionCommands: readonly (readonly [string, Command])[] = [
  ['EPSV', user('EPSV [<SP> 1 | 2 | ALL]', extendedPassive)],
  ['PASV', user('PASV', passive)],
  ['PORT', user('PORT <SP> h1,h2,h3,h4,p1,p2', async () => noActiveMode(502))],
  ['EPRT', user('EPRT <SP> |protocol|address|port|', async () => noActiveMode(522))],
];

function noActiveMode(code: number): Reply {
  return { code, text: 'Active mode is not supported: use EPSV or PASV.' };
}

async function extendedPassive(session: Session, argument: string): Promise<Reply> {
  const wanted = argument.trim().toUpperCase();
  if (wanted === 'ALL') {
    session.onlyExtendedPassive = true;
    return { code: 200, text: 'From now on only EPSV.' };
  }
  const protocol = isIPv4(localAddress(session)) ? '1' : '2';
  if (wanted !== '' && wanted !== protocol) {
    return { code: 522, text: `Not the protocol of this connection, use (${protocol})` };
  }
  const port = await session.listenForData();
  return { code: 229, text: `Entering Extended Passive Mode (|||${port}|)` };
}

async function passive(session: Session): Promise<Reply> {
  if (session.onlyExtendedPassive) return { code: 503, text: 'Only EPSV may be used after EPSV ALL.' };
  const address = localAddress(session);
  if (!isIPv4(address)) return { code: 425, text: 'PASV knows no IPv6: use EPSV.' };
  const port = await session.listenForData();
  const numbers = [...address.split('.'), port >> 8, port & 255].join(',');
  return { code: 227, text: `Entering Passive Mode (${numbers})` };
}

function localAddress(session: Session): string {
  return plainAddress(session.socket.localAddress ?? '');
}
