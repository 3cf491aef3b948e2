/** Storage servers that are processes, and killed: what curl sees of it is nothing. */
import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { isPresent } from '../tools.ts';
import { content, firstDifference } from './content.ts';
import { startServers, type TestServers } from './servers.ts';
import { storedFiles } from './stored-parts.ts';

const run = promisify(execFile);

test.runIf(isPresent('curl'))(
  '4+2 with two of six storage servers killed half way, up and down',
  { timeout: 180_000 },
  async () => {
    const servers = await startServers({ storageServers: 6 });
    try {
      const { coordinator } = servers.configuration;
      const bytes = content(24 * 1024 ** 2 + 321, 11);
      const local = join(servers.folder, 'file');
      await writeFile(local, bytes);
      const url = `ftp://${coordinator.account.user}:${coordinator.account.password}@127.0.0.1:${coordinator.port}/file`;
      // Curl prints the last reply with -v; the rate leaves time for the blow to fall in the middle.
      const slowly = ['--silent', '--show-error', '--limit-rate', '6M'];
      const uploading = run('curl', [...slowly, '-v', '-T', local, url]);
      await vi.waitFor(async () => expect(await largestFile(servers, 6)).toBeGreaterThan(1024 ** 2), {
        timeout: 60_000,
        interval: 20,
      });
      await Promise.all([servers.kill('storage 2'), servers.kill('storage 5')]);
      const { stderr } = await uploading;
      expect(stderr).toMatch(/226 Stored in 4 of 6 parts; the repair is queued: /);
      for (const number of [2, 5]) expect(stderr).toContain(`storage server ${number} (127.0.0.1:`);

      await servers.restart('storage 2');
      await servers.restart('storage 5');
      await vi.waitFor(
        async () => {
          const parts = await servers.client().where('/file');
          expect(parts.map(({ state }) => state)).toEqual(Array(6).fill('stored'));
        },
        { timeout: 90_000, interval: 200 },
      );
      const copy = join(servers.folder, 'copy');
      const downloading = run('curl', [...slowly, '-o', copy, url]);
      await vi.waitFor(async () => expect((await readFile(copy)).length).toBeGreaterThan(bytes.length / 4), {
        timeout: 60_000,
        interval: 50,
      });
      await Promise.all([servers.kill('storage 1'), servers.kill('storage 4')]);
      await downloading;
      expect(firstDifference(await readFile(copy), bytes)).toBeUndefined();
    } finally {
      await servers.stop();
    }
  },
);

/** Bytes of the largest file that a storage server holds, whole or not. */
async function largestFile(servers: TestServers, number: number): Promise<number> {
  const folder = servers.configuration.storageServers[number - 1]?.folder ?? '';
  const sizes = (await storedFiles(servers, number)).map(async (path) =>
    stat(join(folder, path)).then(
      ({ size }) => size,
      () => 0, // It was renamed or removed meanwhile.
    ),
  );
  return Math.max(0, ...(await Promise.all(sizes)));
}
