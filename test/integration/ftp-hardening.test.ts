/** What keeps a server up that strangers reach: each line of the hardening list that is not about TLS or paths. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { resetConnection } from '../../src/ftp/data/reset-connection.ts';
import { connectData, RawClient, readAll } from './ftp-raw-client.ts';
import { startFixture } from './ftp-server-fixture.ts';
import { TlsClient } from './ftp-tls-client.ts';

/** What a new connection is told first; its socket is then at its end. */
async function refusal(port: number): Promise<string> {
  return (await readAll(connect({ host: '127.0.0.1', port }))).toString();
}

describe('logging in', () => {
  it('may be tried three times over one connection', async () => {
    const { port } = await startFixture();
    const client = await RawClient.connect(port);
    const codes: number[] = [];
    for (let tries = 0; tries < 3; tries++) {
      expect((await client.ask('USER u')).code).toBe(331);
      codes.push((await client.ask('PASS wrong')).code);
    }
    expect(codes).toEqual([530, 530, 421]);
    await client.closed();
  });

  it('takes longer with each failure, over connections, right or wrong, but is not refused', async () => {
    const { port } = await startFixture({ limits: { failedLoginDelayMs: 40 } });
    for (let tries = 0; tries < 3; tries++) {
      const client = await RawClient.connect(port);
      await client.ask('USER u');
      expect((await client.ask('PASS wrong')).code).toBe(530);
      client.destroy();
    }
    const client = await RawClient.connect(port);
    await client.ask('USER u');
    const begin = performance.now();
    expect((await client.ask('PASS p')).code).toBe(230);
    // A lower bound: 40 ms, doubled twice. Timers may end a millisecond early.
    expect(performance.now() - begin).toBeGreaterThan(158);
    client.destroy();
  });

  it('is turned away while too many from the address wait; who leaves waits no longer', async () => {
    const { port, server } = await startFixture({
      limits: { failedLoginDelayMs: 3_000_000, loginsWaiting: 2 },
    });
    const wrong = await RawClient.connect(port);
    await wrong.ask('USER u');
    expect((await wrong.ask('PASS wrong')).code).toBe(530);
    for (let round = 0; round < 2; round++) {
      const clients = await Promise.all([1, 2, 3].map(() => RawClient.connect(port)));
      for (const client of clients) await client.ask('USER u');
      expect((await Promise.any(clients.map((client) => client.ask('PASS p')))).code).toBe(421);
      for (const client of clients) client.destroy();
      while (server.sessionCount > 1) await delay(5);
    }
    wrong.destroy();
  });

  it('has to happen in its time', async () => {
    const { port } = await startFixture({ limits: { loginMs: 50 } });
    const client = await RawClient.connect(port);
    client.send('USER u\r\nNOOP\r\n');
    expect(await client.codes(3)).toEqual([331, 200, 421]);
    await client.closed();
  });

  it('says the same to an unknown name as to a wrong password', async () => {
    const { port } = await startFixture();
    const replies: string[] = [];
    for (const [name, password] of [
      ['u', 'wrong'],
      ['nobody', 'p'],
      ['U', 'p'],
    ]) {
      const client = await RawClient.connect(port);
      replies.push((await client.ask(`USER ${name}`)).text, (await client.ask(`PASS ${password}`)).text);
      client.destroy();
    }
    expect(new Set(replies).size).toBe(2);
  });
});

describe('the cap', () => {
  it('on connections turns further ones away with 421, and lets one in when another has left', async () => {
    const { port, server } = await startFixture({ limits: { connections: 3 } });
    const clients = await Promise.all([1, 2, 3].map(() => RawClient.login(port)));
    for (let count = 0; count < 10; count++) {
      expect(await refusal(port)).toBe('421 Too many connections: try again later.\r\n');
    }
    for (const client of clients) expect((await client.ask('NOOP')).code).toBe(200);
    clients[0]?.destroy();
    while (server.sessionCount > 2) await delay(5);
    const another = await RawClient.login(port);
    for (const client of [...clients, another]) client.destroy();
  });

  it('on connections is a hard one for those that do not leave when they are turned away', async () => {
    const { port } = await startFixture({ limits: { connections: 1, goodbyeMs: 3_600_000 } });
    const client = await RawClient.login(port);
    const stays = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    const [told] = await once(stays, 'data');
    expect(String(told)).toMatch(/^421 /);
    expect(await refusal(port)).toBe('');
    stays.end();
    stays.resume();
    await once(stays, 'close');
    while (!(await refusal(port)).startsWith('421')) await delay(5);
    client.destroy();
  });

  it('on connections of one address spares others', async () => {
    const { port } = await startFixture({ limits: { connectionsPerAddress: 1 } });
    const first = await RawClient.login(port);
    expect(await refusal(port)).toMatch(/^421 Too many connections from your address/);
    // All of 127.0.0.0/8 is this machine on Linux alone.
    if (process.platform === 'linux') {
      const other = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.9' });
      const [greeting] = await once(other, 'data');
      expect(String(greeting)).toMatch(/^220/);
      other.destroy();
    }
    first.destroy();
  });

  it('on transfers refuses further ones with 451; listings and other commands go on', async () => {
    const { port } = await startFixture({ limits: { transfers: 1 } });
    const busy = await RawClient.login(port);
    const data = await busy.data();
    expect((await busy.ask('STOR a')).code).toBe(150);
    const client = await RawClient.login(port);
    expect(await client.store('STOR b', 'x')).toMatchObject({ code: 451, text: /Too many transfers/ });
    expect((await client.retrieve('RETR a')).reply.code).toBe(451);
    expect((await client.retrieve('LIST')).reply.code).toBe(226);
    data.end('content');
    expect((await busy.reply()).code).toBe(226);
    expect((await client.store('STOR b', 'x')).code).toBe(226);
    for (const each of [busy, client]) each.destroy();
  });

  it('on transfers is free again after one that failed, was aborted, or was lost', async () => {
    const { port, server } = await startFixture({ limits: { transfers: 1 } });
    const client = await RawClient.login(port);
    expect((await client.retrieve('RETR none')).reply.code).toBe(550);
    expect((await client.ask('STOR a')).code).toBe(425);
    await client.data();
    expect((await client.ask('STOR a')).code).toBe(150);
    client.send('ABOR\r\n');
    expect(await client.codes(2)).toEqual([426, 226]);
    const lost = await RawClient.login(port);
    await lost.data();
    expect((await lost.ask('STOR a')).code).toBe(150);
    resetConnection(lost.socket);
    while (server.sessionCount > 1) await delay(5);
    expect((await client.store('STOR a', 'x')).code).toBe(226);
    client.destroy();
  });

  it('on the length of a line does not cost memory', async () => {
    const { port } = await startFixture();
    const client = await RawClient.login(port);
    for (let count = 0; count < 64; count++) client.send('x'.repeat(65_536));
    client.send('\r\nNOOP\r\n');
    expect(await client.codes(2)).toEqual([500, 200]);
    client.destroy();
  });
});

describe('time', () => {
  it('runs out for a client that is idle, not for one that transfers slowly', async () => {
    const { port } = await startFixture({ limits: { idleMs: 150, stallMs: 60_000 } });
    const slow = await RawClient.login(port);
    const idle = await RawClient.login(port);
    const data = await slow.data();
    expect((await slow.ask('STOR f')).code).toBe(150);
    expect((await idle.reply()).code).toBe(421);
    await idle.closed();
    for (let count = 0; count < 10; count++) {
      data.write('x');
      await delay(30);
    }
    data.end();
    expect((await slow.reply()).code).toBe(226);
    expect((await slow.ask('SIZE f')).text).toBe('213 10');
    slow.destroy();
  });

  it.each([
    'STOR',
    'RETR',
  ])('runs out for a %s in which nothing moves, and the session goes on', async (verb) => {
    const { port, root } = await startFixture({ limits: { stallMs: 300 } });
    const client = await RawClient.login(port);
    // More than all buffers between the two hold.
    await writeFile(join(root, 'big'), Buffer.alloc(16_000_000));
    const data = await connectData(await client.passivePort());
    expect((await client.ask(`${verb} big`)).code).toBe(150);
    expect((await client.reply()).code).toBe(426);
    expect((await client.ask('SIZE big')).text).toBe('213 16000000');
    data.destroy();
    client.destroy();
  });

  it('runs out for a data connection that does not come', async () => {
    const { port } = await startFixture({ limits: { dataConnectionMs: 50 } });
    const client = await RawClient.login(port);
    await client.passivePort();
    client.send('STOR f\r\n');
    expect(await client.codes(2)).toEqual([150, 425]);
    expect((await client.ask('NOOP')).code).toBe(200);
    client.destroy();
  });

  it.each(['explicit', 'implicit'])('runs out for an %s TLS handshake that does not begin', async (kind) => {
    const { port, server } = await startFixture({
      limits: { tlsHandshakeMs: 50 },
      tls: { required: true, implicit: { port: 0 } },
    });
    if (kind === 'explicit') {
      const client = await RawClient.connect(port);
      expect((await client.ask('AUTH TLS')).code).toBe(234);
      await client.closed();
    } else {
      expect(await readAll(connect({ host: '127.0.0.1', port: server.implicitPort ?? 0 }))).toHaveLength(0);
    }
    while (server.sessionCount > 0) await delay(5);
  });

  it('runs out for one that does not read its goodbye', async () => {
    const { port, server } = await startFixture({ limits: { goodbyeMs: 50, idleMs: 100 } });
    const client = await RawClient.login(port);
    client.socket.pause();
    client.send('HELP\r\n'.repeat(1000));
    while (server.sessionCount > 0) await delay(5);
    client.destroy();
  });
});

it.each([
  'STOR f',
  'LIST',
])('a protected data connection that was reset before %s holds up nobody', async (command) => {
  const { port, server } = await startFixture({ tls: { required: true } });
  const client = await TlsClient.login(port);
  const data = await client.raw.data();
  resetConnection(data);
  // The server has read the reset when it answers what was sent after it.
  await once(data, 'close');
  expect((await client.ask('NOOP')).code).toBe(200);
  await delay(50);
  expect((await client.ask(command)).code).toBe(150);
  expect((await client.reply()).code).toBe(426);
  expect((await client.ask('NOOP')).code).toBe(200);
  await client.ask('QUIT');
  while (server.sessionCount > 0) await delay(5);
});

it('a range that is aborted before its first byte leaves no file open', async () => {
  const opened: Readable[] = [];
  const { port } = await startFixture({
    wrap: (folder) => {
      const read = folder.read.bind(folder);
      folder.read = async (path, offset) => {
        const file = await read(path, offset);
        opened.push(file);
        return file;
      };
      return folder;
    },
  });
  const client = await RawClient.login(port);
  expect((await client.store('STOR f', 'content')).code).toBe(226);
  await client.passivePort();
  expect((await client.ask('RANG 1 2')).code).toBe(350);
  expect((await client.ask('RETR f')).code).toBe(150);
  client.send('ABOR\r\n');
  expect(await client.codes(2)).toEqual([426, 226]);
  expect(opened.map((file) => file.destroyed)).toEqual([true]);
  client.destroy();
});

it('hundreds of connections that come and go in every way leave no session behind', async () => {
  const { port, server } = await startFixture();
  const ways: ((client: RawClient) => unknown)[] = [
    (client) => client.ask('QUIT').then(() => client.closed()),
    (client) => client.destroy(),
    (client) => client.socket.end(),
    (client) => resetConnection(client.socket),
    (client) => client.send('QUIT\r\nNOOP\r\nNOOP\r\n'),
    (client) => client.data().then(() => resetConnection(client.socket)),
    (client) => client.data().then((data) => client.store('STOR f', 'x').then(() => data.destroy())),
  ];
  const warnings: Error[] = [];
  const warn = (warning: Error) => warnings.push(warning);
  process.on('warning', warn);
  for (let round = 0; round < 5; round++) {
    await Promise.all(
      Array.from({ length: 10 * ways.length }, async (_, index) => {
        const client = await RawClient.login(port);
        await ways[index % ways.length]?.(client);
        client.socket.end();
      }),
    );
  }
  while (server.sessionCount > 0) await delay(5);
  process.off('warning', warn);
  expect(warnings).toEqual([]);
});
