/** `lftp mirror` and `mirror -R`, as people use them for whole folders. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestServers } from '../integration/servers.ts';
import { isPresent } from '../tools.ts';
import { type Door, securities } from './clients/client.ts';
import { runLftp } from './clients/lftp.ts';
import { openDoor, startDoors } from './doors.ts';
import { makeTree, readTree } from './local-tree.ts';

describe.runIf(isPresent('lftp')).each(securities)('lftp, %s', { timeout: 300_000 }, (security) => {
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

  const mirror = (...words: string[]) => runLftp(door, [['mirror', '--verbose', ...words]]);

  test('mirror -R puts a tree there, mirror gets it back, names, times and empty folders included', async () => {
    await mirror('-R', '--parallel=3', folder, '/mirrored');
    const copy = join(servers.folder, 'copy');
    await mirror('--parallel=3', '/mirrored', copy);
    expect(await readTree(copy)).toEqual(await readTree(folder));
  });

  test('mirror sends only what is new, and with --delete takes away what is gone', async () => {
    await mirror('-R', folder, '/again');
    expect(await mirror('-R', folder, '/again')).toBe('');

    await writeFile(join(folder, 'odd/*'), 'it has changed');
    await writeFile(join(folder, 'deep/new'), 'it is new');
    await rm(join(folder, 'odd/the "best"'));
    await rm(join(folder, 'deep/down/down'), { recursive: true });
    await mkdir(join(folder, 'deep/another'));
    const said = await mirror('-R', '--delete', folder, '/again');
    expect(said.match(/^Transferring file/gm)).toHaveLength(2);

    const copy = join(servers.folder, 'changed copy');
    await mirror('/again', copy);
    expect(await readTree(copy)).toEqual(await readTree(folder));
  });
});
