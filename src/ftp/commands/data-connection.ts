import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import type { ClientPort } from '../data/active-connector.ts';
import { plainAddress } from '../data/data-connector.ts';
import { type Reply, ReplyError } from '../replies.ts';
import type { Session } from '../session.ts';
import { type Command, user } from './command.ts';

/** RFC 2428 for EPSV and EPRT, RFC 959, section 4.1.2 for PASV and PORT. */
export const dataConnectionCommands: readonly (readonly [string, Command])[] = [
  ['EPSV', user('EPSV [<SP> 1 | 2 | ALL]', extendedPassive)],
  ['PASV', user('PASV', passive)],
  ['PORT', user('PORT <SP> h1,h2,h3,h4,p1,p2', async (session, text) => active(session, text, parsePort))],
  [
    'EPRT',
    user('EPRT <SP> |protocol|address|port|', async (session, text) => active(session, text, parseEprt)),
  ],
];

async function extendedPassive(session: Session, argument: string): Promise<Reply> {
  const wanted = argument.trim().toUpperCase();
  if (wanted === 'ALL') {
    session.data.onlyExtendedPassive = true;
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
  refuseAfterEpsvAll(session);
  const address = localAddress(session);
  if (!isIPv4(address)) return { code: 425, text: 'PASV knows no IPv6: use EPSV.' };
  const port = await session.listenForData();
  const told = toldAddress(address, session.data.options.passiveAddress);
  const numbers = [...told.split('.'), port >> 8, port & 255].join(',');
  return { code: 227, text: `Entering Passive Mode (${numbers})` };
}

/** What PASV tells of the address that the client reached: a client on this machine has not come through a router. */
export function toldAddress(reached: string, behindRouter: string | undefined): string {
  return reached.startsWith('127.') ? reached : (behindRouter ?? reached);
}

/**
 * Connects only to the client itself, and not to the ports of system services: else the server could be sent
 * anywhere (RFC 2577, section 3, which also gives the code 504).
 */
function active(session: Session, text: string, parse: (text: string) => ClientPort | undefined): Reply {
  refuseAfterEpsvAll(session);
  if (!session.data.options.activeMode) {
    return { code: 502, text: 'Active mode is off: use EPSV or PASV.' };
  }
  const wanted = parse(text);
  if (!wanted) return { code: 501, text: 'This is no address and port.' };
  const client = canonical(plainAddress(session.socket.remoteAddress ?? ''));
  if (isIPv4(wanted.address) !== isIPv4(client)) {
    return { code: 522, text: `Not the protocol of this connection, use (${isIPv4(client) ? 1 : 2})` };
  }
  if (wanted.address !== client) {
    return { code: 504, text: 'Data connections are made to the address of the client only.' };
  }
  if (wanted.port < 1024) return { code: 504, text: 'Data connections are made to ports from 1024 on only.' };
  session.data.connectTo(wanted);
  return { code: 200, text: 'The next transfer connects to that port.' };
}

/** Six numbers without leading zeros, which some programs would take for octal. */
function parsePort(text: string): ClientPort | undefined {
  const numbers = text.split(',');
  if (numbers.length !== 6 || !numbers.every((number) => /^(?:0|[1-9]\d{0,2})$/.test(number)))
    return undefined;
  const address = numbers.slice(0, 4).join('.');
  const [high = 256, low = 256] = numbers.slice(4).map(Number);
  return isIPv4(address) && high < 256 && low < 256 ? { address, port: high * 256 + low } : undefined;
}

/** RFC 2428, section 2: any printable character may separate the fields. */
function parseEprt(text: string): ClientPort | undefined {
  const separator = text.charAt(0);
  const fields = /^[!-~]$/.test(separator) ? text.split(separator) : [];
  const [before, protocol, address = '', portText = '', after] = fields;
  if (fields.length !== 5 || before !== '' || after !== '') return undefined;
  if (protocol !== '1' && protocol !== '2') throw new ReplyError(522, 'Unknown protocol, use (1,2)');
  const port = /^[1-9]\d{0,4}$/.test(portText) ? Number(portText) : 65_536;
  const isAddress = protocol === '1' ? isIPv4(address) : isIPv6(address) && !address.includes('%');
  return isAddress && port < 65_536 ? { address: canonical(address), port } : undefined;
}

/** An IPv6 address can be written in many ways. */
function canonical(address: string): string {
  if (!isIPv6(address)) return address;
  return new SocketAddress({ address: address.replace(/%.*$/, ''), family: 'ipv6' }).address;
}

/** RFC 2428, section 4. */
function refuseAfterEpsvAll(session: Session): void {
  if (session.data.onlyExtendedPassive) throw new ReplyError(503, 'Only EPSV may be used after EPSV ALL.');
}

function localAddress(session: Session): string {
  return plainAddress(session.socket.localAddress ?? '');
}
