import { expect, test } from 'vitest';
import { addressOf } from '../../src/extension/ftp-address.ts';

const coordinator = { host: '127.0.0.1', port: 2121, account: { user: 'ann@home', password: 'x' } };

test.each([
  [{ mode: 'off' } as const, 'ftp://ann%40home@127.0.0.1:2121/'],
  [{ mode: 'optional', implicitPort: 990 } as const, 'ftp://ann%40home@127.0.0.1:2121/'],
  [{ mode: 'required' } as const, 'ftpes://ann%40home@127.0.0.1:2121/'],
  [{ mode: 'required', implicitPort: 990 } as const, 'ftps://ann%40home@127.0.0.1:990/'],
])('TLS %o is %s', (tls, address) => expect(addressOf({ ...coordinator, tls })).toBe(address));

test('an IPv6 address is in brackets', () =>
  expect(addressOf({ ...coordinator, host: '::1', tls: { mode: 'off' } })).toBe(
    'ftp://ann%40home@[::1]:2121/',
  ));
