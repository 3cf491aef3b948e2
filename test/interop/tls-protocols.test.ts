/** What has broken between other programs' TLS and ftp-srv's, each many times, since it did not break always. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testCertificate } from '../certificate.ts';
import { startFixture, temporaryFolder } from '../integration/ftp-server-fixture.ts';
import { isPresent } from '../tools.ts';
import { runProgram } from './clients/run-program.ts';

const repetitions = 25;
const timeout = 240_000;
const versions = ['1.2', '1.3'];
const content = Buffer.alloc(1_500_000, 'SplitFTP over TLS ');

interface Prepared {
  /** Of the server, which demands TLS. */
  readonly port: number;
  readonly implicitPort: number;
  /** A file with the server's certificate, which is all that the programs trust. */
  readonly authority: string;
  /** A file to be sent. */
  readonly file: string;
}

async function prepare(): Promise<Prepared> {
  const { server, port } = await startFixture({ tls: { required: true, implicit: { port: 0 } } });
  const folder = await temporaryFolder();
  const [authority, file] = [join(folder, 'ca.pem'), join(folder, 'file')];
  await writeFile(authority, (await testCertificate()).certificate);
  await writeFile(file, content);
  return { port, implicitPort: server.implicitPort ?? 0, authority, file };
}

describe.each(versions)('TLS %s', (version) => {
  it.runIf(isPresent('curl'))(
    'findings 20 and 21: curl, a session for every file, explicit and implicit in turn',
    async () => {
      const { port, implicitPort, authority, file } = await prepare();
      const common = ['--silent', '--show-error', '--cacert', authority, '--ssl-reqd', '--user', 'u:p'];
      const only = [`--tlsv${version}`, '--tls-max', version];
      for (let time = 0; time < repetitions; time++) {
        const url = time % 2 === 0 ? `ftp://localhost:${port}/file` : `ftps://localhost:${implicitPort}/file`;
        await runProgram('curl', [...common, ...only, '--upload-file', file, url]);
        const { stdout } = await runProgram('curl', [...common, ...only, url]);
        expect(stdout === content.toString()).toBe(true);
      }
    },
    timeout,
  );

  it.runIf(isPresent('lftp'))(
    'findings 21 and 24: lftp, many files in one session, uploads that are never read from',
    async () => {
      const { port, authority, file } = await prepare();
      const transfers = Array.from(
        { length: repetitions },
        (_, time) => `put ${file} -o f${time}; cat f${time} | cmp - ${file}`,
      );
      const settings = [
        'set cmd:fail-exit true',
        'set net:max-retries 1',
        'set ftp:ssl-force true',
        'set ftp:ssl-protect-data true',
        'set ftp:ssl-protect-list true',
        `set ssl:ca-file ${authority}`,
        `set ssl:priority NORMAL:-VERS-ALL:+VERS-TLS${version}`,
      ];
      const script = [...settings, `open -u u,p -p ${port} localhost`, ...transfers, 'ls', 'bye'].join('; ');
      const { stdout } = await runProgram('lftp', ['--norc', '-c', script], { timeoutMs: timeout });
      expect(stdout.match(new RegExp(` ${content.length} .* f\\d+$`, 'gm'))).toHaveLength(repetitions);
    },
    timeout,
  );

  it.runIf(isPresent('python3'))(
    "findings 21, 23 and 24: Python's ftplib, which handshakes after 150 and waits for close_notify",
    async () => {
      const { port, authority, file } = await prepare();
      const script = join(import.meta.dirname, 'ftplib_tls.py');
      const args = [script, String(port), authority, `TLSv${version}`, String(repetitions), file];
      await runProgram('python3', args, { timeoutMs: timeout });
    },
    timeout,
  );

  it.runIf(isPresent('openssl'))('openssl finds the certificate that it was told to trust', async () => {
    const { port, authority } = await prepare();
    const { stdout } = await openssl(
      port,
      'QUIT\r\n',
      `-tls${version.replace('.', '_')}`,
      '-CAfile',
      authority,
    );
    expect(stdout).toContain('Verify return code: 0 (ok)');
    expect(stdout).toMatch(/AES_?128_GCM|AES128-GCM/);
  });
});

it.runIf(isPresent('openssl'))('openssl cannot renegotiate', async () => {
  const { port } = await prepare();
  // A line that begins with R asks for it; the server refuses and openssl gives up.
  await expect(openssl(port, 'R\n', '-tls1_2')).rejects.toThrow(/no renegotiation/);
});

it.runIf(isPresent('openssl'))('openssl finds nothing older than TLS 1.2', async () => {
  const { port } = await prepare();
  const tls11 = openssl(port, 'QUIT\r\n', '-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0');
  await expect(tls11).rejects.toThrow(/alert protocol version/);
});

function openssl(port: number, input: string, ...options: string[]) {
  const args = ['s_client', '-connect', `localhost:${port}`, '-starttls', 'ftp', ...options];
  return runProgram('openssl', args, { input });
}
