/** A pool of one bundled storage server and one of somebody else's making: pyftpdlib. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startServers, type TestServers } from '../integration/servers.ts';
import { expectOnlyParts, storedFiles } from '../integration/stored-parts.ts';
import { isPresent, pythonWithFtpServer } from '../tools.ts';

describe.runIf(isPresent('pyftpdlib'))('a storage server on pyftpdlib', () => {
  let servers: TestServers;
  const endings: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    servers = await startServers();
    await servers.kill('storage 2');
  });

  afterEach(async () => {
    for (const end of endings.splice(0)) await end();
    await servers.stop();
  });

  /** Takes the place of storage server 2. */
  async function startForeign(...mode: 'liar'[]): Promise<void> {
    const server = servers.configuration.storageServers.find(({ number }) => number === 2);
    if (!server) throw new Error('the fixture has no storage server 2');
    const { port, account, folder } = server;
    const script = join(import.meta.dirname, 'pyftpdlib_server.py');
    const child = spawn(
      pythonWithFtpServer() ?? '',
      [script, String(port), account.user, account.password, folder, ...mode],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const exit = once(child, 'exit');
    endings.push(async () => {
      child.kill('SIGKILL');
      await exit;
    });
    const [first] = await Promise.race([once(child.stdout, 'data'), exit]);
    expect(String(first)).toMatch(/^ready/);
  }

  test('keeps its half of every file, under its final name', async () => {
    await startForeign();
    const client = servers.client();
    const local = join(servers.folder, 'file');
    for (const size of [1, 700_001]) {
      const content = randomBytes(size);
      await writeFile(local, content);
      expect((await client.uploadFile(local, '/file')).failures).toEqual([]);
      expect((await client.downloadFile('/file', join(servers.folder, 'copy'))).failures).toEqual([]);
      expect(await readFile(join(servers.folder, 'copy'))).toEqual(content);
      await expectOnlyParts(servers, await client.where('/file')); // The old version's parts go, too.
    }
    await client.remove('/file');
    await expectOnlyParts(servers, []);
  });

  test('that confirms what it did not keep is not believed: the upload fails and the old file stays', async () => {
    await startForeign();
    const client = servers.client();
    const local = join(servers.folder, 'file');
    const content = randomBytes(100_000);
    await writeFile(local, content);
    await client.uploadFile(local, '/file');
    for (const end of endings.splice(0)) await end();
    await startForeign('liar');
    await writeFile(local, randomBytes(100_000));
    const { failures } = await client.uploadFile(local, '/file');
    expect(failures.map(({ message }) => message).join()).toMatch(/storage server 2 .*does not give back/);
    await client.downloadFile('/file', join(servers.folder, 'copy'));
    expect(await readFile(join(servers.folder, 'copy'))).toEqual(content);
    await expectOnlyParts(servers, await client.where('/file'));
    expect(await storedFiles(servers, 2)).toHaveLength(1);
  });
});
