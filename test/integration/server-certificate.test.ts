import { X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { hostname, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { generate } from 'selfsigned';
import { describe, expect, it } from 'vitest';
import {
  type CertificateSource,
  type ServerCertificate,
  serverCertificate,
} from '../../src/servers/server-certificate.ts';
import { StartError } from '../../src/servers/start-error.ts';
import { generateCertificate } from '../../src/tls/generate.ts';
import { temporaryFolder } from './ftp-server-fixture.ts';

async function source(options: Partial<CertificateSource> = {}): Promise<CertificateSource> {
  const folder = join(await temporaryFolder(), 'server', 'tls');
  return {
    files: { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') },
    variables: { certificate: 'FTP_TLS_CERT', key: 'FTP_TLS_KEY' },
    isGenerated: true,
    hosts: ['0.0.0.0', 'nas.example', '192.0.2.7'],
    ...options,
  };
}

describe('the first start', () => {
  it('generates a certificate for the names and addresses of the server, for its owner alone', async () => {
    const own = await source();
    const { certificate, fingerprint, expires } = await serverCertificate(own);
    const parsed = new X509Certificate(certificate);
    for (const name of ['localhost', 'nas.example', hostname()]) expect(parsed.checkHost(name)).toBeDefined();
    for (const address of ['127.0.0.1', '::1', '192.0.2.7']) expect(parsed.checkIP(address)).toBeDefined();
    expect(parsed.checkIP('0.0.0.0')).toBeUndefined();
    expect(parsed.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(parsed.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(fingerprint);
    expect(expires.getTime()).toBeGreaterThan(Date.now() + 9.9 * 365 * 86_400_000);
    const folder = dirname(own.files.key);
    expect((await readdir(dirname(folder))).concat(await readdir(folder)).sort()).toEqual([
      'certificate.pem',
      'key.pem',
      'tls',
    ]);
    if (platform() !== 'win32') {
      expect((await stat(own.files.key)).mode & 0o777).toBe(0o600);
      expect((await stat(folder)).mode & 0o777).toBe(0o700);
    }
  });

  it('is the only one that generates, also of many at once', async () => {
    const own = await source();
    const all = await Promise.all(Array.from({ length: 5 }, () => serverCertificate(own)));
    all.push(await serverCertificate(own));
    expect(new Set(all.map((each: ServerCertificate) => each.fingerprint)).size).toBe(1);
    expect(await readdir(dirname(dirname(own.files.key)))).toEqual(['tls']);
  });
});

describe('a certificate that cannot be used keeps a server from starting, and it is said why', () => {
  const pair = () => generateCertificate(['localhost']);
  const withDates = async (notBeforeDate: Date, notAfterDate: Date) => {
    const made = await generate([{ name: 'commonName', value: 'x' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      notBeforeDate,
      notAfterDate,
    });
    return { certificate: made.cert, key: made.private };
  };
  const encrypted = async () => {
    const made = await generate([{ name: 'commonName', value: 'x' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      passphrase: 'secret',
    });
    return { certificate: made.cert, key: made.private };
  };
  const day = 86_400_000;

  it.each<[string, () => Promise<{ certificate?: string; key?: string }>, RegExp]>([
    [
      'no file',
      async () => ({}),
      /certificate .*certificate\.pem \(FTP_TLS_CERT\) does not exist: set FTP_TLS_CERT and FTP_TLS_KEY/,
    ],
    [
      'no key',
      async () => ({ certificate: (await pair()).certificate }),
      /key .*key\.pem \(FTP_TLS_KEY\) does not exist/,
    ],
    [
      'no PEM',
      async () => ({ ...(await pair()), certificate: 'hello' }),
      /\(FTP_TLS_CERT\) holds no certificate/,
    ],
    [
      'a key that is none',
      async () => ({ ...(await pair()), key: 'hello' }),
      /\(FTP_TLS_KEY\) holds no private key/,
    ],
    ['a passphrase', encrypted, /\(FTP_TLS_KEY\) is protected by a passphrase/],
    [
      'the key of another',
      async () => ({ ...(await pair()), key: (await pair()).key }),
      /is not the key of the certificate/,
    ],
    [
      'the past',
      () => withDates(new Date(Date.now() - 9 * day), new Date(Date.now() - day)),
      /has expired on 20/,
    ],
    [
      'the future',
      () => withDates(new Date(Date.now() + day), new Date(Date.now() + 9 * day)),
      /is valid only from 20/,
    ],
  ])('%s', async (_, make, message) => {
    const own = await source({ isGenerated: false });
    const { certificate, key } = await make();
    await mkdir(dirname(own.files.key), { recursive: true });
    if (certificate !== undefined) await writeFile(own.files.certificate, certificate);
    if (key !== undefined) await writeFile(own.files.key, key);
    const failed = serverCertificate(own);
    await expect(failed).rejects.toThrow(StartError);
    await expect(failed).rejects.toThrow(message);
  });

  it('a generated one that was spoilt', async () => {
    const own = await source();
    await serverCertificate(own);
    await writeFile(own.files.key, '');
    await expect(serverCertificate(own)).rejects.toThrow(
      /remove the folder .*tls, and a new certificate is generated/,
    );
    expect(await readFile(own.files.certificate, 'utf8')).toContain('BEGIN CERTIFICATE');
  });
});
