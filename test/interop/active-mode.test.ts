/** Clients that want to be dialled for every transfer, as old ones do by default. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { content, firstDifference } from '../integration/content.ts';
import type { TestServers } from '../integration/servers.ts';
import { isPresent } from '../tools.ts';
import { clients } from './clients/all.ts';
import { openDoor, startDoors } from './doors.ts';

let servers: TestServers;

beforeAll(async () => {
  servers = await startDoors('plain', { FTP_ACTIVE_MODE: 'on' });
});
afterAll(() => servers.stop());

describe.each(clients.filter(({ active }) => active))('$name, active mode', { timeout: 300_000 }, (kind) => {
  test.runIf(kind.tool === undefined || isPresent(kind.tool))('uploads, lists and downloads', async () => {
    const client = kind.open(await openDoor(servers, 'plain', true));
    const folder = join(servers.folder, `active ${kind.name}`);
    await mkdir(join(folder, 'got'), { recursive: true });
    const local = join(folder, 'file');
    const bytes = content(2_000_000, 1);
    await writeFile(local, bytes);
    const observer = servers.client();
    await observer.makeDirectory(`/${kind.name}`);
    await (client.upload?.(local, `/${kind.name}/file`) ?? observer.uploadFile(local, `/${kind.name}/file`));
    expect(await client.names(`/${kind.name}`)).toEqual(['file']);
    await client.downloadAll(`/${kind.name}`, join(folder, 'got'));
    expect(await readdir(join(folder, 'got'))).toEqual(['file']);
    expect(firstDifference(await readFile(join(folder, 'got/file')), bytes)).toBeUndefined();
  });
});
