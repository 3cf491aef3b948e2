/** A download whose parts are damaged ends, however the end of the data and the error reply meet: it never hangs. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { content } from './content.ts';
import { startPool } from './pool-fixture.ts';
import { upload } from './pool-transfers.ts';
import { startServers, type TestServers } from './servers.ts';
import { partFile } from './stored-parts.ts';

const downloads = 30;
let servers: TestServers;

beforeAll(async () => {
  servers = await startServers();
});
afterAll(() => servers.stop());

test(`${downloads} damaged downloads by the split client all end, and leave nothing behind`, async () => {
  const client = servers.client();
  const local = join(servers.folder, 'local');
  await writeFile(join(servers.folder, 'file'), content(1_300_000, 1));
  await client.uploadFile(join(servers.folder, 'file'), '/file');
  const [part] = await client.where('/file');
  if (!part) throw new Error('the file has no part');
  const path = partFile(servers, part);
  const original = await readFile(path);
  const bodyStart = 16 + original.readUInt32BE(8);
  for (let round = 0; round < downloads; round++) {
    // From the first block over the last, where all data was sent before the error, to the footer.
    const offset = bodyStart + Math.floor(((original.length - bodyStart - 1) * round) / (downloads - 1));
    const damaged = Buffer.from(original);
    damaged.writeUInt8(damaged.readUInt8(offset) ^ 1, offset);
    await writeFile(path, damaged);
    const { failures } = await client.downloadFile('/file', local);
    expect(failures).toEqual([{ path: '/file', message: expect.stringContaining('storage server 1') }]);
  }
  await writeFile(path, original);
  expect((await client.downloadFile('/file', local)).failures).toEqual([]);
  expect((await readdir(servers.folder)).filter((name) => name.includes('splitftp-part'))).toEqual([]);
});

test('of a file that the catalogue knows only in part not one byte is sent', async () => {
  const pool = await startPool();
  await upload(pool, '/file', content(300_000, 1));
  const file = await pool.catalogue.openFile('/file');
  vi.spyOn(pool.catalogue, 'openFile').mockResolvedValue({ ...file, size: 300_001 });
  await expect(pool.files.read('/file', 0)).rejects.toMatchObject({
    kind: 'damaged',
    message: expect.stringContaining('300000 of its 300001 bytes'),
  });
});
