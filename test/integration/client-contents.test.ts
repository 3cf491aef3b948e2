/** Contents in memory and copies, by the split client: what the editor works with. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RemoteError } from '../../src/client/errors.ts';
import { SplitClient } from '../../src/client/split-client.ts';
import { startPool } from './pool-fixture.ts';

async function connect(): Promise<SplitClient> {
  const { port } = await startPool();
  const client = new SplitClient({ host: '127.0.0.1', port, account: { user: 'u', password: 'p' } });
  onTestFinished(() => client.close());
  return client;
}

describe('contents', () => {
  it.each([0, 1, 262_144, 3_000_001])('of %i bytes are written and read', async (size) => {
    const client = await connect();
    const content = randomBytes(size);
    await client.write('/grüße 100% 日本.bin', content);
    expect(await client.read('/grüße 100% 日本.bin')).toEqual(content);
    expect(await client.stat('/grüße 100% 日本.bin')).toMatchObject({ size, kind: 'file', readOnly: false });
  });

  it('replace what was there, many at a time', async () => {
    const client = await connect();
    const paths = Array.from({ length: 20 }, (_, number) => `/${number}`);
    for (const round of ['first', 'second, longer']) {
      await Promise.all(paths.map((path) => client.write(path, Buffer.from(`${round} ${path}`))));
    }
    const read = await Promise.all(paths.map((path) => client.read(path)));
    expect(read.map(String)).toEqual(paths.map((path) => `second, longer ${path}`));
  });

  it('are not written where there is no folder', async () => {
    const client = await connect();
    await expect(client.write('/missing/file', Buffer.from('x'))).rejects.toThrow(RemoteError);
    await expect(client.read('/missing')).rejects.toThrow(RemoteError);
  });

  it('have a time of milliseconds, in a listing too', async () => {
    const client = await connect();
    const before = Date.now();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await client.write(`/${name}`, Buffer.from(name));
    const listed = await client.list('/');
    for (const entry of listed) {
      expect(entry.modified.getTime()).toBeGreaterThanOrEqual(before);
      expect(entry.modified.getTime()).toBeLessThanOrEqual(Date.now());
      expect(await client.stat(entry.path)).toEqual(entry);
    }
    expect(listed.map(({ modified }) => modified.getMilliseconds()).some((each) => each > 0)).toBe(true);
  });
});

describe('copies', () => {
  it('are equal, several asked for at a time', async () => {
    const client = await connect();
    const content = randomBytes(700_001);
    await client.write('/original', content);
    const copies = Array.from({ length: 6 }, (_, number) => `/copy ${number}`);
    await Promise.all(copies.map((path) => client.copyFile('/original', path)));
    for (const path of copies) expect(await client.read(path)).toEqual(content);
  });

  it('of what is missing, or to where no folder is, fail with the coordinator’s words', async () => {
    const client = await connect();
    await client.write('/original', randomBytes(700_001));
    await expect(client.copyFile('/missing', '/copy')).rejects.toThrow(RemoteError);
    await expect(client.copyFile('/original', '/missing/copy')).rejects.toThrow(RemoteError);
    expect((await client.list('/')).map(({ name }) => name)).toEqual(['original']);
  });
});

it('an empty folder is removed without the rest, one with content is not', async () => {
  const client = await connect();
  await client.makeDirectory('/folder');
  await client.write('/folder/file', Buffer.from('x'));
  await expect(client.remove('/folder', { recursive: false })).rejects.toThrow(RemoteError);
  await client.remove('/folder/file', { recursive: false });
  await client.remove('/folder', { recursive: false });
  expect(await client.list('/')).toEqual([]);
});
