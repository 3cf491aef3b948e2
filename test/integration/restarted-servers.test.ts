/** Storage servers that end by themselves are started again, and nothing is left behind on the way. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { loadConfiguration } from '../../src/config/load.ts';
import { LocalServers } from '../../src/servers/local-servers.ts';

/** Notes its process; the first one ends by itself, the second cannot start and does not end either. */
const program = `
import { appendFileSync, readFileSync } from 'node:fs';
const file = new URL('processes', import.meta.url);
appendFileSync(file, process.pid + '\\n');
const run = readFileSync(file, 'utf8').trim().split('\\n').length;
process.on('disconnect', () => process.exit());
setInterval(() => {}, 60_000);
if (run === 2) process.send({ type: 'failed', message: 'not yet' });
else process.send({ type: 'ready', port: 1 }, () => run === 1 && process.exit(1));
`;

test('one that cannot start, and does not end by itself, is ended before the next try', {
  timeout: 120_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'splitftp-restarts-'));
  const file = join(folder, 'storage.mjs');
  await writeFile(file, program);
  const configuration = await loadConfiguration({
    environment: { FTP_USER: 'u', FTP_PASSWORD: 'p', FTP_USER1: 'u', FTP_PASSWORD1: 'p' },
  });
  const servers = new LocalServers({
    programs: { storage: file, coordinator: file },
    onLine: () => {},
    onExit: () => {},
  });
  try {
    await servers.startStorageServers(configuration, [1]);
    const processes = await vi.waitFor(
      async () => {
        const pids = (await readFile(join(folder, 'processes'), 'utf8')).trim().split('\n').map(Number);
        expect(pids).toHaveLength(3);
        return pids;
      },
      { timeout: 100_000, interval: 50 },
    );
    expect(servers.pids).toEqual(processes.slice(2));
    expect(() => process.kill(processes[1] ?? 0, 0)).toThrow('ESRCH');
  } finally {
    await servers.stop();
    await rm(folder, { recursive: true });
  }
});
