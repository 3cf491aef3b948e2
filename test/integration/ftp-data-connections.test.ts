import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { toldAddress } from '../../src/ftp/commands/data-connection.ts';
import { freePorts } from '../ports.ts';
import { connectData, RawClient, readAll } from './ftp-raw-client.ts';
import { startFixture } from './ftp-server-fixture.ts';
import { TlsClient } from './ftp-tls-client.ts';

const active = { dataConnections: { activeMode: true } };

/** A client's own listener for active mode. */
async function clientPort(
  host = '127.0.0.1',
): Promise<{ port: number; server: Server; socket: Promise<Socket> }> {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (!address || typeof address === 'string') throw new Error('no port');
  const socket = once(server, 'connection').then(([first]): Socket => first);
  return { port: address.port, server, socket };
}

const portArgument = (port: number, address = '127.0.0.1') =>
  `${address.replaceAll('.', ',')},${port >> 8},${port & 255}`;

describe('active mode', () => {
  it('is off by default', async () => {
    const { port } = await startFixture();
    const client = await RawClient.login(port);
    for (const command of ['PORT 127,0,0,1,200,1', 'EPRT |1|127.0.0.1|50000|', 'PORT', 'EPRT |3|x|1|']) {
      expect((await client.ask(command)).code, command).toBe(502);
    }
    expect((await client.ask('FEAT')).text).not.toContain('EPRT');
    client.destroy();
  });

  it('connects from an unprivileged port of the address that the client reached', async () => {
    const { port } = await startFixture(active);
    const client = await RawClient.login(port);
    expect((await client.ask('FEAT')).text).toContain('\n EPRT\n');
    for (const command of ['PORT', 'EPRT']) {
      const own = await clientPort();
      const argument = command === 'PORT' ? portArgument(own.port) : `|1|127.0.0.1|${own.port}|`;
      expect((await client.ask(`${command} ${argument}`)).code).toBe(200);
      client.send('STOR f\r\n');
      const data = await own.socket;
      expect(data.remoteAddress).toBe('127.0.0.1');
      expect(data.remotePort).toBeGreaterThanOrEqual(1024);
      data.end(command);
      expect(await client.codes(2)).toEqual([150, 226]);
      // It holds for one transfer.
      expect((await client.ask('RETR f')).code).toBe(425);
    }
    const own = await clientPort();
    expect((await client.ask(`EPRT ,1,127.0.0.1,${own.port},`)).code).toBe(200);
    client.send('RETR f\r\n');
    expect((await readAll(await own.socket)).toString()).toBe('EPRT');
    expect(await client.codes(2)).toEqual([150, 226]);
    client.destroy();
  });

  it('works over IPv6 with EPRT', async () => {
    const { port } = await startFixture({ ...active, host: '::1' });
    const client = await RawClient.login(port, 'u', 'p', '::1');
    const own = await clientPort('::1');
    expect((await client.ask(`PORT ${portArgument(own.port)}`)).code).toBe(522);
    expect((await client.ask(`EPRT |1|127.0.0.1|${own.port}|`)).code).toBe(522);
    expect((await client.ask(`EPRT |2|::2|${own.port}|`)).code).toBe(504);
    expect((await client.ask(`EPRT |2|::1%lo|${own.port}|`)).code).toBe(501);
    expect((await client.ask(`EPRT |2|0:0:0:0:0:0:0:1|${own.port}|`)).code).toBe(200);
    client.send('STOR f\r\n');
    (await own.socket).end('x');
    expect(await client.codes(2)).toEqual([150, 226]);
    client.destroy();
  });

  it('says 425 when nobody waits there, and goes on', async () => {
    const { port } = await startFixture(active);
    const client = await RawClient.login(port);
    const [nobody] = await freePorts(1);
    expect((await client.ask(`PORT ${portArgument(nobody ?? 0)}`)).code).toBe(200);
    client.send('LIST\r\n');
    expect(await client.codes(2)).toEqual([150, 425]);
    expect((await client.retrieve('LIST')).reply.code).toBe(226);
    client.destroy();
  });

  it('is replaced by PASV, and replaces it', async () => {
    const { port } = await startFixture(active);
    const client = await RawClient.login(port);
    const unused = await clientPort();
    await client.ask(`PORT ${portArgument(unused.port)}`);
    expect((await client.store('STOR f', 'x')).code).toBe(226);
    const passivePort = await client.passivePort();
    const own = await clientPort();
    await client.ask(`PORT ${portArgument(own.port)}`);
    await expect(connectData(passivePort)).rejects.toThrow('ECONNREFUSED');
    client.send('NLST\r\n');
    expect((await readAll(await own.socket)).toString()).toBe('f\r\n');
    client.destroy();
  });

  it('a transfer is aborted like any other', async () => {
    const { port } = await startFixture(active);
    const client = await RawClient.login(port);
    const own = await clientPort();
    await client.ask(`PORT ${portArgument(own.port)}`);
    client.send('STOR f\r\n');
    const data = await own.socket;
    data.on('error', () => undefined);
    data.write('half');
    expect((await client.reply()).code).toBe(150);
    client.send('ABOR\r\n');
    expect(await client.codes(2)).toEqual([426, 226]);
    expect((await client.ask('SIZE f')).code).toBe(550);
    client.destroy();
  });
});

describe('over TLS', () => {
  it('active mode is protected as passive mode is: the server answers the handshake', async () => {
    const { port, root } = await startFixture({ ...active, tls: { required: true } });
    const client = await TlsClient.login(port);
    const up = await clientPort();
    expect((await client.ask(`PORT ${portArgument(up.port)}`)).code).toBe(200);
    expect((await client.ask('STOR f')).code).toBe(150);
    const upload = await client.secure(await up.socket);
    upload.resume();
    upload.end('secret');
    expect((await client.reply()).code).toBe(226);
    expect(await readFile(join(root, 'f'), 'utf8')).toBe('secret');
    const down = await clientPort();
    expect((await client.ask(`EPRT |1|127.0.0.1|${down.port}|`)).code).toBe(200);
    expect((await client.ask('RETR f')).code).toBe(150);
    expect((await readAll(await client.secure(await down.socket))).toString()).toBe('secret');
    expect((await client.reply()).code).toBe(226);
    client.destroy();
  });

  it('REIN is refused, which would have to go on in plain text', async () => {
    const { port } = await startFixture({ tls: { required: true } });
    const client = await TlsClient.login(port);
    expect((await client.ask('REIN')).code).toBe(502);
    expect((await client.ask('PWD')).code).toBe(257);
    client.destroy();
  });
});

describe('finding 26: the server cannot be sent to somebody else (bounce)', () => {
  it.each([
    ['PORT 127,0,0,010,200,1', 501],
    ['PORT 127,0,0,1,0310,1', 501],
    ['PORT 127,0,0,1,256,1', 501],
    ['PORT 127,0,0,1,200', 501],
    ['PORT 127,0,0,1,200,1,1', 501],
    ['PORT 127,0,0,1,,1', 501],
    ['PORT 127,0,0,1,-1,1', 501],
    ['PORT 127,0,0,1, 200,1', 501],
    ['PORT 0x7f,0,0,1,200,1', 501],
    ['PORT 127.0.0.1:50000', 501],
    ['PORT', 501],
    ['PORT 127,0,0,2,200,1', 504],
    ['PORT 10,0,0,1,200,1', 504],
    ['PORT 127,0,0,1,3,255', 504],
    ['PORT 127,0,0,1,0,22', 504],
    ['PORT 127,0,0,1,0,0', 504],
    ['EPRT |1|127.0.0.010|50000|', 501],
    ['EPRT |1|127.0.0.2|50000|', 504],
    ['EPRT |1|127.0.0.1|1023|', 504],
    ['EPRT |1|127.0.0.1|65536|', 501],
    ['EPRT |1|127.0.0.1|050000|', 501],
    ['EPRT |1|127.0.0.1|x|', 501],
    ['EPRT |1|::1|50000|', 501],
    ['EPRT |2|::1|50000|', 522],
    ['EPRT |2|::ffff:127.0.0.1|50000|', 522],
    ['EPRT |3|127.0.0.1|50000|', 522],
    ['EPRT |1|localhost|50000|', 501],
    ['EPRT |1|127.0.0.1|50000', 501],
    ['EPRT 1|127.0.0.1|50000|', 501],
    ['EPRT', 501],
  ])('%s: %i', async (command, code) => {
    const { port } = await startFixture(active);
    const client = await RawClient.login(port);
    expect((await client.ask(command)).code).toBe(code);
    expect((await client.ask('LIST')).code).toBe(425);
    client.destroy();
  });
});

describe('passive mode', () => {
  it('uses the ports of its range, from a random one on', async () => {
    const ports = await freePorts(8);
    const range = { first: Math.min(...ports), last: Math.max(...ports) };
    const { port } = await startFixture({ dataConnections: { activeMode: false, passivePorts: range } });
    const client = await RawClient.login(port);
    const seen = new Set<number>();
    for (let index = 0; index < 60; index++) seen.add(await client.passivePort());
    expect([...seen].filter((each) => !ports.includes(each))).toEqual([]);
    // That 60 random ones of 8 are all the same is no thing that happens.
    expect(seen.size).toBeGreaterThan(1);
    expect((await client.retrieve('LIST')).reply.code).toBe(226);
    client.destroy();
  });

  it('finds the ports that are left, and says 425 when none is', async () => {
    const ports = await freePorts(3);
    const range = { first: Math.min(...ports), last: Math.max(...ports) };
    const { port } = await startFixture({ dataConnections: { activeMode: false, passivePorts: range } });
    const clients = await Promise.all([0, 1, 2, 3].map(() => RawClient.login(port)));
    const [first, second, third, fourth] = clients;
    if (!first || !second || !third || !fourth) throw new Error('four clients');
    const taken = [await first.passivePort(), await second.passivePort(), await third.passivePort()];
    expect(taken.sort()).toEqual(ports);
    for (const command of ['EPSV', 'PASV', 'EPSV']) {
      expect((await fourth.ask(command)).code, command).toBe(425);
    }
    // A transfer under way has its port free for another listener.
    const data = await connectData(Number(await second.passivePort()));
    await second.ask('STOR f');
    expect((await fourth.ask('EPSV')).code).toBe(229);
    data.end();
    expect((await second.reply()).code).toBe(226);
    for (const client of clients) client.destroy();
  });

  it('tells the public address to those who come from outside, its own to those on this machine', async () => {
    expect(toldAddress('192.168.1.5', '203.0.113.7')).toBe('203.0.113.7');
    expect(toldAddress('192.168.1.5', undefined)).toBe('192.168.1.5');
    const dataConnections = { activeMode: false, passiveAddress: '203.0.113.7' };
    const { port } = await startFixture({ dataConnections });
    const client = await RawClient.login(port);
    expect((await client.ask('PASV')).text).toMatch(/\(127,0,0,1,\d+,\d+\)$/);
    expect((await client.ask('EPSV')).text).toMatch(/\(\|\|\|\d+\|\)$/);
    client.destroy();
  });
});

describe('finding 19: over IPv6', () => {
  it('EPSV works, PASV says that it cannot', async () => {
    const { port } = await startFixture({ host: '::1' });
    const client = await RawClient.login(port, 'u', 'p', '::1');
    const refusal = await client.ask('PASV');
    expect(refusal.text).toBe('425 PASV knows no IPv6: use EPSV.');
    expect((await client.ask('EPSV 2')).code).toBe(229);
    expect((await client.ask('EPSV 1')).text).toContain('use (2)');
    expect((await client.store('STOR f', 'six')).code).toBe(226);
    expect((await client.retrieve('RETR f')).content.toString()).toBe('six');
    client.destroy();
  });
});

describe('EPSV ALL', () => {
  it('leaves only EPSV', async () => {
    const { port } = await startFixture(active);
    const client = await RawClient.login(port);
    expect((await client.ask('EPSV ALL')).code).toBe(200);
    for (const command of ['PASV', 'PORT 127,0,0,1,200,1', 'EPRT |1|127.0.0.1|50000|']) {
      expect((await client.ask(command)).code, command).toBe(503);
    }
    expect((await client.ask('LPRT 4,4,127,0,0,1,2,200,1')).code).toBe(502);
    expect((await client.retrieve('LIST')).reply.code).toBe(226);
    client.destroy();
  });
});
