/** SITE PUT and SITE GET: small files within the control connection. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { describe, expect, it, vi } from 'vitest';
import { inlineReadBytes, parseInline } from '../../src/ftp/commands/inline.ts';
import { createLog } from '../../src/log/log.ts';
import { RawClient } from './ftp-raw-client.ts';
import { replacing } from './ftp-replaced-folder.ts';
import { startFixture } from './ftp-server-fixture.ts';

const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64');

describe('SITE PUT', () => {
  it('stores a file as STOR does, under a name with spaces too', async () => {
    const { port, root } = await startFixture();
    const client = await RawClient.login(port);
    await client.ask('MKD d');
    expect((await client.ask(`SITE PUT ${base64('hello')} d/a  b `)).text).toBe('250 5 bytes are stored.');
    expect(await readFile(join(root, 'd/a  b '), 'utf8')).toBe('hello');
    expect((await client.ask(`site put ${base64('again')} d/a  b `)).code).toBe(250);
    expect(await readFile(join(root, 'd/a  b '), 'utf8')).toBe('again');
    expect((await client.ask('SIZE d/a  b ')).text).toBe('213 5');
    client.destroy();
  });

  it('takes nothing but whole Base64 and a path, and leaves nothing behind when it fails', async () => {
    const { port, root } = await startFixture();
    const client = await RawClient.login(port);
    for (const argument of ['', 'aGk=', 'aGk= ', ' x', 'aGk x', 'a=k= x', 'aGk== x', '-_-_ x'])
      expect((await client.ask(`SITE PUT ${argument}`)).code, argument).toBe(501);
    expect((await client.ask(`SITE PUT ${base64('x')} none/x`)).code).toBe(550);
    expect((await client.ask(`SITE PUT ${base64('x')} /`)).code).toBe(550);
    expect((await client.ask(`SITE PUT ${'A'.repeat(9000)} x`)).code).toBe(500);
    expect((await readdir(root)).filter((name) => !name.startsWith('.'))).toEqual([]);
    expect(await readdir(join(root, '.splitftp-uploads'))).toEqual([]);
    client.destroy();
  });

  it('gives up the file when the disk fails', async () => {
    const { port, root } = await startFixture({
      wrap: replacing((folder) => ({
        write: async (path, mode, signal) => {
          const upload = await folder.write(path, mode, signal);
          upload.stream.destroy(new Error('the disk fails'));
          return upload;
        },
      })),
    });
    const client = await RawClient.login(port);
    expect((await client.ask(`SITE PUT ${base64('x')} x`)).code).toBe(451);
    expect((await client.ask('SIZE x')).code).toBe(550);
    expect(await readdir(join(root, '.splitftp-uploads'))).toEqual([]);
    client.destroy();
  });

  it('is told in the log like an upload, and its content never', async () => {
    const lines: string[] = [];
    const log = createLog('test', 'trace', { write: (line) => lines.push(line) });
    const { port } = await startFixture({ log });
    const client = await RawClient.login(port);
    await client.ask(`SITE PUT ${base64('a secret of the user')} x`);
    expect(lines.join('')).toContain('"event":"upload","path":"/x","bytes":20');
    expect(lines.join('')).not.toContain(base64('a secret of the user'));
    client.destroy();
  });
});

describe('SITE GET', () => {
  it('gives the size of a file and its beginning', async () => {
    const { port } = await startFixture();
    const client = await RawClient.login(port);
    for (const bytes of [0, 1, 3071, 3072, 3073, inlineReadBytes - 1, inlineReadBytes, 100_000]) {
      const content = Buffer.from(Array.from({ length: bytes }, (_, at) => (at * 7 + bytes) % 256));
      await client.store('STOR f', content);
      const { text } = await client.ask('SITE GET f');
      const file = parseInline(text.replaceAll('\r', ''));
      expect(file?.size, `${bytes}`).toBe(bytes);
      expect(file?.content.equals(content.subarray(0, inlineReadBytes)), `${bytes}`).toBe(true);
    }
    expect((await client.ask('SITE GET none')).code).toBe(550);
    expect((await client.ask('SITE GET /')).code).toBe(550);
    expect((await client.ask('SITE GET')).code).toBe(501);
    client.destroy();
  });
});

describe('a client that hangs up', () => {
  it.each([
    ['SITE PUT', `SITE PUT ${base64('x')} x`, 'upload-failed'],
    ['SITE GET', 'SITE GET there', 'download-failed'],
  ])('in the middle of %s is no fault of the server', async (_, command, event) => {
    const lines: string[] = [];
    const log = createLog('test', 'info', { write: (line) => lines.push(line) });
    const begun = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    const { port, folder } = await startFixture({
      log,
      wrap: replacing(() => ({
        read: async () => new Readable({ read: () => begun.resolve() }),
        write: async () => ({
          offset: 0,
          stream: new Writable({ write: () => begun.resolve() }),
          commit: async () => 'never',
          abort: async () => aborted.resolve(),
        }),
      })),
    });
    const upload = await folder.write('/there', 'replace', new AbortController().signal);
    upload.stream.end('content');
    await finished(upload.stream);
    await upload.commit();
    const client = await RawClient.login(port);
    client.send(`${command}\r\n`);
    await begun.promise;
    client.destroy();
    await vi.waitFor(() => expect(lines.join('')).toContain('"event":"disconnected"'));
    expect(lines.join('')).toMatch(
      new RegExp(`"event":"${event}".*"reason":"The control connection was lost`),
    );
    expect(lines.join('')).not.toContain('unexpectedly');
    if (event === 'upload-failed') await aborted.promise;
  });
});
