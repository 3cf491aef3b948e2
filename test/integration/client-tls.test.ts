import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { Client, FTPError } from 'basic-ftp';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { UnreachableError } from '../../src/client/errors.ts';
import { SplitClient, type SplitClientOptions } from '../../src/client/split-client.ts';
import { formatFingerprint } from '../../src/config/fingerprint.ts';
import { fingerprintOf } from '../../src/tls/certificate-files.ts';
import { generateCertificate } from '../../src/tls/generate.ts';
import { accessTrusted, CertificateError, type SecureServer } from '../../src/tls/trust.ts';
import { testCertificate } from '../certificate.ts';
import { startFixture, temporaryFolder } from './ftp-server-fixture.ts';
import { startServers, type TestServers } from './servers.ts';

const other = 'ab'.repeat(32);

describe('a coordinator that requires TLS, with storage servers that do', () => {
  let servers: TestServers;
  let shown: string;
  beforeAll(async () => {
    servers = await startServers({
      settings: { FTP_TLS: 'required', FTP_TLS1: 'explicit', FTP_TLS2: 'implicit' },
    });
    shown = await fingerprintIn('server_folder/tls');
  });
  afterAll(() => servers?.stop());

  async function fingerprintIn(folder: string): Promise<string> {
    return fingerprintOf(await readFile(join(servers.folder, folder, 'certificate.pem'), 'utf8'));
  }

  function client(options: Partial<SplitClientOptions>): SplitClient {
    const made = new SplitClient({ ...servers.configuration.coordinator, ...options });
    onTestFinished(() => made.close());
    return made;
  }

  it('says so, with the fingerprints by which clients know them', async () => {
    expect(servers.output('coordinator').join('\n')).toContain(
      `, TLS required, SHA-256 ${formatFingerprint(shown)}, `,
    );
    expect(servers.output('storage 2').join('\n')).toContain(
      `, TLS required (implicit), SHA-256 ${formatFingerprint(await fingerprintIn('storage_folder2.tls'))}, `,
    );
    const reports = await servers.client().status();
    const [coordinator] = reports.filter((report) => report.kind === 'coordinator');
    expect(coordinator?.tls).toEqual({ mode: 'required', fingerprint: shown });
  });

  it('does the main job', async () => {
    const folder = join(servers.folder, 'local');
    await mkdir(folder, { recursive: true });
    const sizes = [0, 1, 300_000, 3_000_001];
    for (const size of sizes) await writeFile(join(folder, String(size)), Buffer.alloc(size, 'TLS!'));
    const split = servers.client();
    expect(await split.upload([folder], '/')).toMatchObject({ files: 4, failures: [] });
    const back = join(servers.folder, 'back');
    expect(await split.download(['/local'], back)).toMatchObject({ files: 4, failures: [] });
    for (const size of sizes) {
      expect((await readFile(join(back, 'local', String(size)))).equals(Buffer.alloc(size, 'TLS!'))).toBe(
        true,
      );
    }
  });

  it('is not taken for another, and the error tells both fingerprints and what to set', async () => {
    const failed = client({ tls: { mode: 'required', fingerprint: other } }).list('/');
    await expect(failed).rejects.toThrow(UnreachableError);
    await expect(failed).rejects.toThrow(formatFingerprint(shown));
    await expect(failed).rejects.toThrow(`${formatFingerprint(other)} is expected (FTP_TLS_FINGERPRINT)`);
  });

  it('is not trusted where its files are not, until its fingerprint is set; TLS is used though it is optional', async () => {
    const elsewhere = join(servers.folder, 'elsewhere');
    const failed = client({ folder: elsewhere, tls: { mode: 'optional' } }).list('/');
    await expect(failed).rejects.toThrow(/nobody but itself has signed it.*set FTP_TLS_FINGERPRINT to it/);
    await client({ folder: elsewhere, tls: { mode: 'optional', fingerprint: shown } }).list('/');
  });

  it('refuses plain text, and the error tells what to set', async () => {
    await expect(client({ tls: { mode: 'off' } }).list('/')).rejects.toThrow(
      'set FTP_TLS=required here, too',
    );
  });
});

describe('trust in a server', () => {
  const account = { user: 'u', password: 'p' };

  async function access(port: number, tls: SecureServer['tls'], host = '127.0.0.1'): Promise<Client> {
    const client = new Client(10_000);
    onTestFinished(() => client.close());
    await accessTrusted(client, { host, port, account, tls }, 'FTP_TLS_FINGERPRINT1');
    return client;
  }

  async function caFile(certificate: string): Promise<string> {
    const path = join(await temporaryFolder(), 'ca.pem');
    await writeFile(path, certificate);
    return path;
  }

  it('comes from a file of certificates, for the right name only', async () => {
    const { port } = await startFixture({ tls: { required: true } });
    const ca = await caFile((await testCertificate()).certificate);
    const client = await access(port, { mode: 'explicit', ca }, 'localhost');
    await client.uploadFrom(Readable.from([Buffer.from('content')], { objectMode: false }), 'f');
    expect(await client.size('f')).toBe(7);
    const foreign = await generateCertificate(['nas.example']);
    const { port: wrong } = await startFixture({ tls: { required: true, ...foreign } });
    await expect(access(wrong, { mode: 'explicit', ca: await caFile(foreign.certificate) })).rejects.toThrow(
      /it is for a server of another name/,
    );
    const unrelated = await caFile(foreign.certificate);
    await expect(access(port, { mode: 'explicit', ca: unrelated })).rejects.toThrow(CertificateError);
    await expect(access(port, { mode: 'explicit', ca: join(unrelated, 'x') })).rejects.toThrow(
      /cannot be read/,
    );
  });

  it('in a fingerprint is enough, whatever name is in the certificate', async () => {
    const foreign = await generateCertificate(['nas.example']);
    const { port } = await startFixture({ tls: { required: true, ...foreign } });
    const client = await access(port, { mode: 'explicit', fingerprint: fingerprintOf(foreign.certificate) });
    expect(await client.pwd()).toBe('/');
  });

  it('resumes TLS sessions on data connections, with implicit TLS too', async () => {
    const { server } = await startFixture({ tls: { required: true, implicit: 'only' } });
    const fingerprint = fingerprintOf((await testCertificate()).certificate);
    const client = await access(server.port, { mode: 'implicit', fingerprint });
    let resumed = 0;
    const prepare = client.prepareTransfer;
    for (let time = 0; time < 5; time++) {
      client.prepareTransfer = async (ftp) => {
        const reply = await prepare(ftp);
        const { dataSocket } = ftp;
        dataSocket?.once('secureConnect', () => {
          if (dataSocket instanceof TLSSocket && dataSocket.isSessionReused()) resumed++;
        });
        return reply;
      };
      await client.uploadFrom(Readable.from([Buffer.alloc(100_000)], { objectMode: false }), 'f');
    }
    expect(resumed).toBe(5);
  });

  it('never turns into plain text where TLS is refused', async () => {
    const { port } = await startFixture();
    const failed = access(port, { mode: 'explicit', fingerprint: other });
    await expect(failed).rejects.toThrow(FTPError);
    await expect(failed).rejects.toThrow('502');
  });

  it('is asked again for each data connection: not a byte goes to another server', async () => {
    const thief = await startThief();
    const client = await access(thief.port, {
      mode: 'explicit',
      fingerprint: fingerprintOf((await testCertificate()).certificate),
    });
    await expect(
      client.uploadFrom(Readable.from([Buffer.from('secret')], { objectMode: false }), 'f'),
    ).rejects.toThrow(/has the SHA-256 fingerprint .*somebody else may be answering/);
    const again = await access(thief.port, {
      mode: 'explicit',
      fingerprint: fingerprintOf((await testCertificate()).certificate),
    });
    const got: Buffer[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        got.push(chunk);
        done();
      },
    });
    await expect(again.downloadTo(sink, 'f')).rejects.toThrow(/somebody else may be answering/);
    expect([thief.received(), Buffer.concat(got).toString()]).toEqual(['', '']);
  });

  it('has a time limit: a server that says nothing in the handshake is given up', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write('220 Hello\r\n');
      socket.once('data', () => socket.write('234 Go on\r\n'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const client = new Client(300);
    const port = portOf(server);
    const tls = { mode: 'explicit', fingerprint: other } as const;
    await expect(accessTrusted(client, { host: '127.0.0.1', port, account, tls }, 'X')).rejects.toThrow(
      /Timeout/,
    );
    client.close();
  });

  /** A server with the right certificate whose data connections another one answers, as an attacker would. */
  async function startThief() {
    const right = await testCertificate();
    const wrong = await generateCertificate(['localhost', '127.0.0.1']);
    let received = '';
    const data = createTlsServer({ cert: wrong.certificate, key: wrong.key }, (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        received += bytes;
      });
      socket.write('forged content');
    });
    data.on('tlsClientError', () => undefined);
    data.listen(0, '127.0.0.1');
    await once(data, 'listening');
    const dataPort = portOf(data);
    const secure = createTlsServer({ cert: right.certificate, key: right.key }, (socket) => {
      socket.on('error', () => undefined);
      const replies: Readonly<Record<string, string>> = {
        USER: '331 Password',
        PASS: '230 Hello',
        FEAT: '211 None',
        EPSV: `229 (|||${dataPort}|)`,
        STOR: '150 Go on',
        RETR: '150 Here it comes',
      };
      socket.on('data', (line) => socket.write(`${replies[line.toString().slice(0, 4)] ?? '200 OK'}\r\n`));
    });
    const control = createServer((socket: Socket) => {
      socket.on('error', () => undefined);
      socket.write('220 Hello\r\n');
      socket.once('data', () => {
        socket.write('234 Go on\r\n');
        secure.emit('connection', socket);
      });
    }).listen(0, '127.0.0.1');
    await once(control, 'listening');
    onTestFinished(() => {
      control.close();
      data.close();
    });
    return { port: portOf(control), received: () => received };
  }
});

function portOf(server: Server): number {
  const address = server.address();
  if (!address || typeof address === 'string') throw new Error('the server does not listen');
  return address.port;
}
