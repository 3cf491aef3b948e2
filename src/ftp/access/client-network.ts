import { isIPv6 } from 'node:net';

/**
 * What counts as one client when clients are counted: an IPv4 address, or an IPv6 network of 64 bits, of which every
 * household has at least one with all its addresses (RFC 6177).
 * @param address without the `::ffff:` of a dual-stack socket
 */
export function clientNetwork(address: string): string {
  const plain = address.replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail = ''] = plain.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0');
  const groups = [...first, ...zeros, ...last].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
