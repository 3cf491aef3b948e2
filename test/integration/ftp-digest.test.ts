import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type FileSystem, FileSystemError } from '../../src/ftp/file-system.ts';
import type { Folder } from '../../src/storage/folder.ts';
import { RawClient, readAll } from './ftp-raw-client.ts';
import { replacing } from './ftp-replaced-folder.ts';
import { type Fixture, startFixture } from './ftp-server-fixture.ts';

const content = Buffer.from(Array.from({ length: 1_000_003 }, (_, index) => (index * 7919) & 255));
const hex = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('hex');
const crc = (bytes: Uint8Array) => crc32(bytes).toString(16).padStart(8, '0');

async function withFile(
  methods?: (folder: Folder) => Partial<FileSystem>,
): Promise<Fixture & { client: RawClient }> {
  const fixture = await startFixture(methods ? { wrap: replacing(methods) } : {});
  await writeFile(join(fixture.root, 'a b'), content);
  await writeFile(join(fixture.root, 'empty'), '');
  await mkdir(join(fixture.root, 'd'));
  return { ...fixture, client: await RawClient.login(fixture.port) };
}

describe('HASH', () => {
  it('gives the digest of a whole file in the algorithm that was chosen', async () => {
    const { client } = await withFile();
    expect((await client.ask('OPTS HASH')).text).toBe('200 SHA-256');
    expect((await client.ask('HASH a b')).text).toBe(`213 SHA-256 0-1000003 ${hex('sha256', content)} a b`);
    expect((await client.ask('OPTS HASH sha-1')).text).toBe('200 SHA-1');
    expect((await client.ask('HASH /a b')).text).toBe(`213 SHA-1 0-1000003 ${hex('sha1', content)} /a b`);
    expect((await client.ask('OPTS HASH CRC32')).text).toBe('200 CRC32');
    expect((await client.ask('HASH a b')).text).toBe(`213 CRC32 0-1000003 ${crc(content)} a b`);
    expect((await client.ask('HASH empty')).text).toBe('213 CRC32 0-0 00000000 empty');
    expect((await client.ask('FEAT')).text).toContain('\n HASH SHA-256;SHA-1;CRC32*;\n');
    client.destroy();
  });

  it('refuses what it does not know, and keeps the algorithm', async () => {
    const { client } = await withFile();
    expect((await client.ask('OPTS HASH CRC-37')).code).toBe(501);
    expect((await client.ask('OPTS HASH')).text).toBe('200 SHA-256');
    for (const command of ['HASH nothing', 'HASH d', 'HASH']) {
      expect((await client.ask(command)).code, command).toBe(550);
    }
    client.destroy();
  });

  it('takes what is known without reading, and tells what it computed', async () => {
    const remembered: string[] = [];
    const known = new Map<string, string>();
    const { client } = await withFile(() => ({
      knownDigest: async (path, algorithm) => known.get(`${algorithm} ${path}`),
      rememberDigest: async (path, entry, algorithm, digest) => {
        remembered.push(`${algorithm} ${path} ${entry.size}`);
        known.set(`${algorithm} ${path}`, digest);
      },
    }));
    for (let time = 0; time < 2; time++) {
      expect((await client.ask('HASH a b')).text).toContain(hex('sha256', content));
    }
    expect(remembered).toEqual(['SHA-256 /a b 1000003']);
    known.set('SHA-256 /a b', 'known');
    expect((await client.ask('HASH a b')).text).toBe('213 SHA-256 0-1000003 known a b');
    // A part of a file is always read.
    await client.ask('RANG 0 9');
    expect((await client.ask('HASH a b')).text).toContain(hex('sha256', content.subarray(0, 10)));
    expect(remembered).toHaveLength(1);
    client.destroy();
  });

  it('is refused when the file changes while it is read', async () => {
    const { client } = await withFile((folder) => ({
      read: async (path, offset) => {
        const source = await folder.read(path, offset);
        await folder.rename('/empty', path);
        return source;
      },
    }));
    expect((await client.ask('HASH a b')).code).toBe(450);
    client.destroy();
  });

  it('tells why a file cannot be read', async () => {
    const { client } = await withFile(() => ({
      read: async () =>
        Readable.from(
          (async function* () {
            yield Buffer.alloc(100);
            throw new FileSystemError('damaged', 'Block 3 is damaged.');
          })(),
        ),
    }));
    expect((await client.ask('HASH a b')).text).toBe('451 Block 3 is damaged.');
    expect((await client.ask('NOOP')).code).toBe(200);
    client.destroy();
  });

  it('is not taken for idleness, and ends with the control connection', async () => {
    const source = new Readable({ read: () => undefined });
    const { port, root } = await startFixture({
      limits: { idleMs: 100 },
      wrap: replacing(() => ({ read: async () => source })),
    });
    await writeFile(join(root, 'f'), 'x');
    const client = await RawClient.login(port);
    client.send('HASH f\r\n');
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(source.destroyed).toBe(false);
    client.destroy();
    await expect(once(source, 'close')).rejects.toThrow('control connection');
  });
});

describe('RANG', () => {
  it('makes the next HASH one of a range, its last byte included', async () => {
    const { client } = await withFile();
    await client.ask('OPTS HASH CRC32');
    for (const [first, last, end] of [
      [0, 49, 50],
      [10, 10, 11],
      [999_990, 5_000_000, 1_000_003],
      [0, 1_000_002, 1_000_003],
    ] as const) {
      expect((await client.ask(`RANG ${first} ${last}`)).code).toBe(350);
      const expected = crc(content.subarray(first, end));
      expect((await client.ask('HASH a b')).text).toBe(`213 CRC32 ${first}-${end - 1} ${expected} a b`);
    }
    expect((await client.ask('HASH a b')).text).toContain(' 0-1000003 ');
    client.destroy();
  });

  it('is forgotten after another command, a reset, and its HASH', async () => {
    const { client } = await withFile();
    await client.ask('RANG 0 9');
    expect((await client.ask('RANG 1 0')).code).toBe(350);
    expect((await client.ask('HASH a b')).text).toContain(' 0-1000003 ');
    await client.ask('RANG 0 9');
    await client.ask('CWD /');
    expect((await client.ask('HASH a b')).text).toContain(' 0-1000003 ');
    await client.ask('RANG 0 9');
    await client.ask('OPTS HASH SHA-1');
    expect((await client.ask('HASH a b')).text).toContain(' 0-9 ');
    client.destroy();
  });

  it('gives that range of a download', async () => {
    const { client } = await withFile();
    for (const [first, last] of [
      [0, 2],
      [500_000, 2_000_000],
      [1_000_002, 1_000_002],
    ] as const) {
      const data = await client.data();
      expect((await client.ask(`RANG ${first} ${last}`)).code).toBe(350);
      client.send('RETR a b\r\n');
      expect(await readAll(data)).toEqual(content.subarray(first, last + 1));
      expect(await client.codes(2)).toEqual([150, 226]);
    }
    client.destroy();
  });

  it('is refused where it makes no sense', async () => {
    const { client } = await withFile();
    for (const argument of ['', '1', 'a b', '-1 2', '1 -2', '0 1 2', '5 4', '0x1 2', `0 ${'9'.repeat(30)}`]) {
      expect((await client.ask(`RANG ${argument}`)).code, argument).toBe(501);
    }
    await client.ask('RANG 1000003 1000004');
    expect((await client.ask('HASH a b')).code).toBe(554);
    await client.ask('RANG 0 0');
    expect((await client.ask('HASH empty')).code).toBe(554);
    for (const [command, code] of [
      ['RETR a b', 554],
      ['STOR a b', 551],
    ] as const) {
      const data = await client.data();
      await client.ask('RANG 1000003 1000004');
      expect((await client.ask(command)).code, command).toBe(code);
      data.destroy();
    }
    expect((await client.ask('SIZE a b')).text).toBe('213 1000003');
    client.destroy();
  });
});

it('XCRC and XSHA256 give digests to older clients, which put names in quotes', async () => {
  const { client, root } = await withFile();
  await writeFile(join(root, '"quoted"'), 'q');
  expect((await client.ask('XCRC a b')).text).toBe(`250 ${crc(content)}`);
  expect((await client.ask('XCRC "a b"')).text).toBe(`250 ${crc(content)}`);
  expect((await client.ask('XSHA256 "/a b"')).text).toBe(`250 ${hex('sha256', content)}`);
  expect((await client.ask('XSHA256 "quoted"')).text).toBe(`250 ${hex('sha256', Buffer.from('q'))}`);
  expect((await client.ask('XCRC "nothing"')).code).toBe(550);
  client.destroy();
});
