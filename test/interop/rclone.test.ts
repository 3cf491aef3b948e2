/** rclone as people use it: whole folders, compared afterwards; and its own test of what a server can do. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestServers } from '../integration/servers.ts';
import { isPresent } from '../tools.ts';
import { type Door, securities } from './clients/client.ts';
import { runRclone } from './clients/rclone.ts';
import { openDoor, startDoors } from './doors.ts';
import { makeTree, readTree } from './local-tree.ts';

describe.runIf(isPresent('rclone')).each(securities)('rclone, %s', { timeout: 300_000 }, (security) => {
  let servers: TestServers;
  let door: Door;
  let folder: string;

  beforeAll(async () => {
    servers = await startDoors(security);
    door = await openDoor(servers, security);
    folder = join(servers.folder, 'tree');
    await makeTree(folder);
  });
  afterAll(() => servers.stop());

  // Otherwise it takes names that only look alike for one.
  const rclone = (...args: string[]) => runRclone(door, '--no-unicode-normalization', ...args);

  test('copy puts a tree there and gets it back, check finds no difference', async () => {
    await rclone('copy', '--create-empty-src-dirs', folder, ':ftp:/copied');
    await rclone('check', folder, ':ftp:/copied');
    await rclone('check', '--download', folder, ':ftp:/copied');
    const copy = join(servers.folder, 'copy');
    await rclone('copy', '--create-empty-src-dirs', ':ftp:/copied', copy);
    expect(await readTree(copy)).toEqual(await readTree(folder));
  });

  test('check finds what differs, sync repairs it', async () => {
    await rclone('copy', folder, ':ftp:/synced');
    await writeFile(join(folder, 'odd/*'), 'it has changed');
    await rm(join(folder, 'odd/[a]'));
    await expect(rclone('check', folder, ':ftp:/synced')).rejects.toThrow(/2 differences found/);
    await rclone('sync', folder, ':ftp:/synced');
    await rclone('check', '--download', folder, ':ftp:/synced');
  });

  // It takes a minute, and TLS changes nothing for what is said inside.
  if (security !== 'plain') return;
  test('test info --all', async () => {
    await rclone('mkdir', ':ftp:/info');
    const said = await rclone('test', 'info', '--all', ':ftp:/info');
    // What names may be: all but control characters, 255 bytes long, and kept as they are.
    for (const [bytes, length] of [
      [1, 255],
      [2, 127],
      [3, 85],
      [4, 63],
    ]) {
      expect(said).toContain(`maxFileLength = ${length} // for ${bytes} byte unicode characters`);
    }
    expect(said).toMatch(/^canWriteUnnormalized = true$/m);
    expect(said).toMatch(/^canReadUnnormalized {3}= true$/m);
    expect(said).toMatch(/^canReadRenormalized {3}= false$/m);
    expect(said).toMatch(/^canStream = true$/m);
    const escaped = /stringNeedsEscaping = \[\]rune\{\s*(.*)\s*\}/.exec(said)?.[1]?.split(', ') ?? [];
    const control = Array.from({ length: 32 }, (_, code) => code).concat(0x7f);
    // And what is no UTF-8.
    expect(escaped.filter((rune) => !/^'(\/|\\[abfnrtv]|\\x[01].|\\x7f)'$/.test(rune))).toEqual([
      "'\\xbf'",
      "'\\xfe'",
    ]);
    expect(escaped).toHaveLength(control.length + 3);
  });
});
