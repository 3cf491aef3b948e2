import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { findFreePorts } from '../../src/servers/free-ports.ts';
import { freePorts } from '../ports.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, 'close');
  }
});

test('ports in a row are found after those that are taken or wanted', async () => {
  const [first = 0] = await freePorts(33);
  const taken = createServer().listen(first + 2, '127.0.0.1');
  servers.push(taken);
  await once(taken, 'listening');
  expect(await findFreePorts('127.0.0.1', first, 3)).toBe(first + 10);
  expect(await findFreePorts('127.0.0.1', first, 3, (port) => port !== first + 11)).toBe(first + 20);
  expect(await findFreePorts('127.0.0.1', first, 2)).toBe(first);
});

test('where there are none, that is said', async () => {
  await expect(findFreePorts('127.0.0.1', 65_530, 7)).rejects.toThrow('no 7 free ports');
});
