import { createHash } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { append, openSession, store } from './ftp-session.ts';
import { startServers } from './servers.ts';

test('HASH reads a file once; then the catalogue has the digest, also with no storage server', async () => {
  const servers = await startServers();
  const session = await openSession(servers.configuration.coordinator);
  try {
    const hash = async (algorithm: string, ...before: string[]) => {
      await session.send(`OPTS HASH ${algorithm}`);
      for (const command of before) await session.send(command);
      const { message } = await session.send('HASH /f');
      return message.split(' ').slice(1, 4).join(' ');
    };
    const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    const content = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 31) & 255));
    await store(session, '/f', content);
    const range = await hash('SHA-256', 'RANG 600000 1200000');
    expect(range).toBe(`SHA-256 600000-1200000 ${sha256(content.subarray(600_000, 1_200_001))}`);
    expect(await hash('SHA-256')).toBe(`SHA-256 0-3000000 ${sha256(content)}`);

    await servers.kill('storage 1');
    await servers.kill('storage 2');
    expect(await hash('SHA-256')).toBe(`SHA-256 0-3000000 ${sha256(content)}`);
    expect(await hash('CRC32')).toMatch(/^CRC32 0-3000000 [0-9a-f]{8}$/);
    await expect(hash('SHA-1')).rejects.toMatchObject({ code: 451 });
    await expect(hash('SHA-256', 'RANG 0 9')).rejects.toMatchObject({ code: 451 });

    await servers.restart('storage 1');
    await servers.restart('storage 2');
    await append(session, '/f', Buffer.from('more'));
    const whole = Buffer.concat([content, Buffer.from('more')]);
    expect(await hash('SHA-256')).toBe(`SHA-256 0-3000004 ${sha256(whole)}`);
  } finally {
    session.close();
    await servers.stop();
  }
});

test('AVBL tells what the pool has left, and which storage server keeps it from knowing', async () => {
  const servers = await startServers();
  const session = await openSession(servers.configuration.coordinator);
  const free = async () => Number((await session.send('AVBL')).message.split(' ')[1]);
  try {
    const { bavail, bsize } = await statfs(servers.folder);
    // Both storage servers share the one disk, on which others write, too.
    const ratio = (await free()) / (bavail * bsize);
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(1.5);
    await servers.kill('storage 2');
    await expect(free()).rejects.toThrow(/^451 .*storage server 2/);
  } finally {
    session.close();
    await servers.stop();
  }
});
