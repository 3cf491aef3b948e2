import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only programs on this machine reach a server that listens there. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/** Whether a server is on this machine and ours, so that the bundled one is started for it. */
export function isLocal(server: { readonly host: string; readonly bundled?: boolean }): boolean {
  return isLoopback(server.host) && server.bundled !== false;
}
