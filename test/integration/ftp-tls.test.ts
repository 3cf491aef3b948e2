import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect as connectPlain, type Socket } from 'node:net';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionOptions, connect, type SecureVersion } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { testCertificate } from '../certificate.ts';
import { connectData, RawClient, readAll } from './ftp-raw-client.ts';
import { replacing } from './ftp-replaced-folder.ts';
import { type FixtureOptions, startFixture } from './ftp-server-fixture.ts';
import { handshake, TlsClient } from './ftp-tls-client.ts';

const versions: readonly SecureVersion[] = ['TLSv1.2', 'TLSv1.3'];
const only = (version: SecureVersion): ConnectionOptions => ({ minVersion: version, maxVersion: version });
const content = Buffer.alloc(2_000_000, 'over TLS ');

const startTlsFixture = (options: FixtureOptions = {}) =>
  startFixture({ tls: { required: false }, ...options });

describe.each(versions)('%s', (version) => {
  it('finding 20: the server speaks TLS from the moment it has answered AUTH', async () => {
    const { port } = await startTlsFixture();
    for (let time = 0; time < 100; time++) {
      const client = await TlsClient.connect(port, only(version));
      expect((await client.ask('NOOP')).code).toBe(200);
      client.destroy();
    }
  });

  it('finding 21: 150 comes before the data handshake, which may begin with it, before it, or end before it', async () => {
    const { port, root } = await startTlsFixture();
    await writeFile(join(root, 'f'), content);
    const client = await TlsClient.login(port, only(version));
    for (const begin of ['with it', 'before it', 'and end before it']) {
      const data = await client.raw.data();
      const begun = begin === 'with it' ? undefined : client.secure(data);
      if (begin === 'and end before it') await begun;
      expect((await client.ask('RETR f')).code).toBe(150);
      const secured = await (begun ?? client.secure(data));
      expect((await readAll(secured)).equals(content)).toBe(true);
      expect((await client.reply()).code).toBe(226);
    }
    client.destroy();
  });

  it('finding 23: data connections resume the TLS session of the control connection, or of another one', async () => {
    const { port } = await startTlsFixture({ tls: { required: false, implicit: { port: 0 } } });
    const client = await TlsClient.login(port, only(version));
    for (let time = 0; time < 5; time++) {
      const data = await client.raw.data();
      await client.ask('LIST');
      const secured = await client.secure(data);
      expect(secured.isSessionReused()).toBe(true);
      await readAll(secured);
      expect((await client.reply()).code).toBe(226);
    }
    const session = client.control.getSession();
    const other = await TlsClient.connect(port, { ...only(version), ...(session && { session }) });
    expect(other.control.isSessionReused()).toBe(true);
    other.destroy();
    client.destroy();
  });

  it('finding 24: uploads without a resumed session are whole, one after the other', async () => {
    const { port, root } = await startTlsFixture();
    const client = await TlsClient.login(port, only(version));
    for (let time = 0; time < 30; time++) {
      const data = await client.raw.data();
      expect((await client.ask('STOR f')).code).toBe(150);
      const secured = await handshake(data, only(version));
      expect(secured.isSessionReused()).toBe(false);
      secured.end(content); // and nothing is read, as lftp does it
      expect((await client.reply()).code).toBe(226);
      expect((await readFile(join(root, 'f'))).equals(content)).toBe(true);
    }
    client.destroy();
  });

  it('carries files of any size both ways', async () => {
    const { port } = await startTlsFixture();
    const client = await TlsClient.login(port, only(version));
    for (const size of [0, 1, 16_384, 16_385, 1_048_577, 5_000_000]) {
      const bytes = Buffer.alloc(size, 'abcdefg');
      await client.ask(`SITE EXPECT ${size}`);
      expect((await client.store('STOR f', bytes)).text).toMatch(/^226/);
      expect((await client.store('STOR f', bytes)).code).toBe(226);
      const { reply, content: received } = await client.retrieve('RETR f');
      expect(reply.code).toBe(226);
      expect(received.equals(bytes)).toBe(true);
      expect((await client.ask('SIZE f')).text).toBe(`213 ${size}`);
    }
    client.destroy();
  });
});

describe('finding 22: what is said in plain text', () => {
  it.each([
    ['commands behind AUTH', 'AUTH TLS\r\nUSER u\r\nPASS p\r\n'],
    ['the beginning of a command', 'AUTH TLS\r\nUSER'],
  ])('does not count over TLS: %s', async (_, text) => {
    const { port } = await startTlsFixture();
    const client = await RawClient.connect(port);
    client.send(text);
    expect((await client.reply()).code).toBe(421);
    await client.closed();
  });

  it('is taken for TLS, and fails, when it comes before the handshake', async () => {
    const logins: string[] = [];
    const { port } = await startTlsFixture({
      wrap: (folder) => {
        logins.push('never asked');
        return folder;
      },
    });
    const client = await RawClient.connect(port);
    expect((await client.ask('AUTH TLS')).code).toBe(234);
    client.send('USER u\r\nPASS p\r\n');
    await client.closed();
    await expect(client.reply()).rejects.toThrow('hung up');
    expect(logins).toHaveLength(1); // by the fixture itself
  });

  it('is forgotten with AUTH: the login, its folder, and the data connection', async () => {
    const { port } = await startTlsFixture();
    const raw = await RawClient.login(port);
    await raw.ask('MKD d');
    await raw.ask('CWD d');
    await raw.ask('REST 5');
    const passive = await raw.passivePort();
    expect((await raw.ask('AUTH TLS')).code).toBe(234);
    const secured = await handshake(raw.socket);
    raw.secureWith(secured);
    expect((await raw.ask('PWD')).code).toBe(530);
    expect((await raw.ask('PASS p')).code).toBe(503);
    await raw.ask('USER u');
    expect((await raw.ask('PASS p')).code).toBe(230);
    expect((await raw.ask('PWD')).text).toContain('"/"');
    await expect(once(connectPlain(passive, '127.0.0.1'), 'connect')).rejects.toThrow('ECONNREFUSED');
    raw.destroy();
  });
});

describe('finding 25: protection of the data', () => {
  it('is asked for by PROT, and may be given up again', async () => {
    const { port } = await startTlsFixture();
    const client = await TlsClient.connect(port);
    await client.ask('USER u');
    await client.ask('PASS p');
    expect((await client.raw.store('STOR f', 'plain')).code).toBe(226);
    expect((await client.ask('PBSZ 0')).text).toBe('200 PBSZ=0');
    expect((await client.ask('PROT P')).code).toBe(200);
    expect((await client.retrieve('RETR f')).content.toString()).toBe('plain');
    expect((await client.ask('PROT S')).code).toBe(536);
    expect((await client.ask('PROT X')).code).toBe(504);
    expect((await client.ask('PROT C')).code).toBe(200);
    expect((await client.raw.retrieve('RETR f')).content.toString()).toBe('plain');
    client.destroy();
  });

  it('can be demanded: no name, no password and no byte in plain text', async () => {
    const { port } = await startTlsFixture({ tls: { required: true } });
    const plain = await RawClient.connect(port);
    expect((await plain.ask('USER u')).code).toBe(534);
    expect((await plain.ask('PASS p')).code).toBe(503);
    expect((await plain.ask('EPSV')).code).toBe(530);
    plain.destroy();
    const client = await TlsClient.connect(port);
    await client.ask('USER u');
    expect((await client.ask('PASS p')).code).toBe(230);
    const data = await client.raw.data();
    expect((await client.ask('LIST')).code).toBe(521);
    expect((await client.ask('PROT C')).code).toBe(534);
    expect((await client.ask('PROT P')).code).toBe(200);
    expect((await client.ask('LIST')).code).toBe(150);
    expect((await readAll(await client.secure(data))).toString()).toBe('');
    expect((await client.reply()).code).toBe(226);
    client.destroy();
  });
});

describe('the commands of RFC 4217', () => {
  it('are offered only with TLS', async () => {
    const { port: without } = await startFixture();
    const plain = await RawClient.connect(without);
    expect((await plain.ask('AUTH TLS')).code).toBe(502);
    expect((await plain.ask('FEAT')).text).not.toMatch(/AUTH|PBSZ|PROT/);
    plain.destroy();
    const { port } = await startTlsFixture();
    const client = await RawClient.connect(port);
    expect((await client.ask('FEAT')).text).toMatch(/\n AUTH TLS\n(?:.*\n)* PBSZ\n PROT\n/);
    client.destroy();
  });

  it('are refused where they make no sense', async () => {
    const { port } = await startTlsFixture();
    const plain = await RawClient.connect(port);
    expect((await plain.ask('AUTH SSL')).code).toBe(504);
    expect((await plain.ask('AUTH')).code).toBe(504);
    expect((await plain.ask('PBSZ 0')).code).toBe(503);
    expect((await plain.ask('PROT P')).code).toBe(503);
    plain.destroy();
    const client = await TlsClient.connect(port);
    expect((await client.ask('AUTH TLS')).code).toBe(503);
    expect((await client.ask('PBSZ x')).code).toBe(501);
    expect((await client.ask('CCC')).code).toBe(534);
    expect((await client.ask('NOOP')).code).toBe(200);
    client.destroy();
  });
});

describe('implicit TLS', () => {
  it('greets over TLS, on a port of its own, and protects the data unasked', async () => {
    const { server } = await startTlsFixture({ tls: { required: true, implicit: { port: 0 } } });
    const client = await connectImplicit(server.implicitPort ?? 0);
    for (const command of ['USER u', 'PASS p']) client.write(`${command}\r\n`);
    expect(await nextLines(client, 4)).toMatch(/^220-Test\r\n220 .*\r\n331 .*\r\n230 /);
    client.write('EPSV\r\n');
    const port = Number(/\|\|\|(\d+)\|/.exec(await nextLines(client, 1))?.[1]);
    const data = await connectData(port);
    client.write('STOR f\r\n');
    expect(await nextLines(client, 1)).toMatch(/^150 /);
    const session = client.getSession();
    const secured = await handshake(data, session && { session });
    expect(secured.isSessionReused()).toBe(true);
    secured.resume().end('content');
    expect(await nextLines(client, 1)).toMatch(/^226 /);
    client.destroy();
  });

  it('may be all there is', async () => {
    const { server } = await startTlsFixture({ tls: { required: true, implicit: 'only' } });
    expect(server.implicitPort).toBeUndefined();
    const client = await connectImplicit(server.port);
    expect(await nextLines(client, 2)).toMatch(/^220-Test\r\n220 /);
    client.destroy();
  });

  async function connectImplicit(port: number) {
    const { certificate } = await testCertificate();
    const client = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: certificate });
    await once(client, 'secureConnect');
    client.on('error', () => undefined);
    return client.setEncoding('utf8');
  }

  async function nextLines(socket: Socket, count: number): Promise<string> {
    let text = '';
    while (text.split('\r\n').length <= count) {
      const [piece] = await once(socket, 'data');
      text += piece;
    }
    return text;
  }
});

describe('a client that is no good', () => {
  it.each<SecureVersion>(['TLSv1', 'TLSv1.1'])('is not spoken to in %s', async (version) => {
    const { port } = await startTlsFixture();
    const connecting = TlsClient.connect(port, { ...only(version), ciphers: 'DEFAULT@SECLEVEL=0' });
    await expect(connecting).rejects.toThrow(/alert protocol version/);
  });

  it('cannot renegotiate', async () => {
    const { port } = await startTlsFixture();
    const client = await TlsClient.login(port, only('TLSv1.2'));
    const answer = new Promise<Error | null>((resolve) => client.control.renegotiate({}, resolve));
    const failed = once(client.control, 'error').then(([error]) => error);
    expect(String((await Promise.race([answer, failed])) ?? 'it did')).toMatch(/renegotiation/i);
    client.destroy();
  });

  it.each([
    ['after AUTH', { required: false }],
    ['with implicit TLS', { required: false, implicit: 'only' }],
  ] as const)('has only so much time for the handshake: %s', async (_, tls) => {
    const { port } = await startFixture({ tls, limits: { tlsHandshakeMs: 100 } });
    const socket = connectPlain(port, '127.0.0.1');
    socket.on('error', () => undefined);
    if (!('implicit' in tls)) {
      await once(socket, 'data');
      socket.write('AUTH TLS\r\n');
    }
    socket.resume();
    await once(socket, 'close');
  });

  it('has only so much time for the handshake: for the data; its session goes on', async () => {
    const { port } = await startTlsFixture({ limits: { tlsHandshakeMs: 100 } });
    const client = await TlsClient.login(port);
    const data = await client.raw.data();
    expect((await client.ask('STOR f')).code).toBe(150);
    expect((await client.reply()).code).toBe(426);
    expect((await client.ask('SIZE f')).code).toBe(550);
    expect((await client.store('STOR f', 'now')).code).toBe(226);
    data.destroy();
    client.destroy();
  });

  it('that sends plain text instead of a handshake stores nothing', async () => {
    const { port } = await startTlsFixture();
    const client = await TlsClient.login(port);
    const data = await client.raw.data();
    await client.ask('STOR f');
    data.end('plain text, at least as long as a TLS record');
    expect((await client.reply()).code).toBe(426);
    expect((await client.ask('SIZE f')).code).toBe(550);
    client.destroy();
  });

  it('that leaves in the middle of the data handshake is not waited for', async () => {
    const { port } = await startTlsFixture();
    const client = await TlsClient.login(port);
    const data = await client.raw.data();
    await client.ask('STOR f');
    data.end(Buffer.from([22, 3, 1, 2, 0])); // the header of a handshake record (RFC 8446, section 5.1)
    expect((await client.reply()).code).toBe(426);
    client.destroy();
  });

  it('does not keep the server from ending', async () => {
    const { server, port } = await startTlsFixture({ tls: { required: false, implicit: { port: 0 } } });
    const implicit = await connectData(server.implicitPort ?? 0);
    const explicit = await RawClient.connect(port);
    await explicit.ask('AUTH TLS');
    const client = await TlsClient.login(port);
    await client.raw.data();
    await client.ask('STOR f');
    await server.close();
    await Promise.all([explicit.closed(), client.raw.closed()]);
    implicit.destroy();
  });
});

describe('an end of data', () => {
  /** Ends the TCP connection below TLS, as anybody on the way can. */
  async function uploadCutOff(client: TlsClient, command: string, bytes: string): Promise<number> {
    const data = await client.raw.data();
    await client.ask(command);
    const secured = await client.secure(data);
    secured.write(bytes, () => data.end());
    return (await client.reply()).code;
  }

  it('that is not from the client leaves the old file as it was', async () => {
    const { port, root } = await startTlsFixture();
    const client = await TlsClient.login(port);
    await client.store('STOR f', 'the old one');
    expect(await uploadCutOff(client, 'STOR f', 'half of the ne')).toBe(426);
    expect(await readFile(join(root, 'f'), 'utf8')).toBe('the old one');
    client.destroy();
  });

  it('may come from anybody when the client has said how much there is', async () => {
    const { port, root } = await startTlsFixture();
    const client = await TlsClient.login(port);
    await client.ask('SITE EXPECT 7');
    expect(await uploadCutOff(client, 'STOR f', 'content')).toBe(226);
    await client.ask('SITE EXPECT 8');
    expect(await uploadCutOff(client, 'STOR f', 'content')).toBe(426);
    expect(await readFile(join(root, 'f'), 'utf8')).toBe('content');
    client.destroy();
  });

  it('is found behind all that a slow file has still to take', async () => {
    const { port, folder } = await startTlsFixture({
      wrap: replacing((files) => ({
        write: async (path, mode, signal) => {
          const upload = await files.write(path, mode, signal);
          const slow = new Writable({
            highWaterMark: 1,
            write: (chunk, _encoding, done) => void delay(60).then(() => upload.stream.write(chunk, done)),
            final: (done) => void upload.stream.end(done),
          });
          return { ...upload, stream: slow, commit: () => upload.commit(), abort: () => upload.abort() };
        },
      })),
    });
    const client = await TlsClient.login(port);
    expect((await client.store('STOR f', content.subarray(0, 100_000))).code).toBe(226);
    expect((await folder.stat('/f')).size).toBe(100_000);
    client.destroy();
  });

  it('is right also when the client does not wait for the answer to it', async () => {
    const { port, folder } = await startTlsFixture();
    const client = await TlsClient.login(port);
    for (let time = 0; time < 30; time++) {
      const data = await client.raw.data();
      await client.ask('STOR f');
      const secured = await client.secure(data);
      secured.end(content.subarray(time), () => secured.destroy());
      expect((await client.reply()).code).toBe(226);
      expect((await folder.stat('/f')).size).toBe(content.length - time);
    }
    client.destroy();
  });

  it('never comes for a file that fails midway', async () => {
    const { port } = await startTlsFixture({
      wrap: replacing(() => ({
        read: async () =>
          Readable.from(
            (async function* () {
              yield content;
              throw new Error('damaged');
            })(),
          ),
      })),
      limits: { goodbyeMs: 200 },
    });
    const client = await TlsClient.login(port);
    await client.store('STOR f', 'x');
    const data = await client.raw.data();
    await client.ask('RETR f');
    const secured = await client.secure(data);
    await expect(readAll(secured)).rejects.toThrow(/ECONNRESET/);
    expect((await client.reply()).code).toBe(451);
    client.destroy();
  });

  it('never comes for an aborted file, which does not end the session', async () => {
    const { port, root } = await startTlsFixture();
    await writeFile(join(root, 'f'), Buffer.alloc(50_000_000));
    const client = await TlsClient.login(port);
    const data = await client.raw.data();
    await client.ask('RETR f');
    const secured = await client.secure(data);
    await once(secured, 'data');
    const read = readAll(secured);
    client.raw.send('ABOR\r\n');
    await expect(read).rejects.toThrow(/ECONNRESET/);
    expect([(await client.reply()).code, (await client.reply()).code]).toEqual([426, 226]);
    expect((await client.ask('NOOP')).code).toBe(200);
    client.destroy();
  });
});
