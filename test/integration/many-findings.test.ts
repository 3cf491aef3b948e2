/** What a verification finds may be more than one reply of FTP holds. */
import { expect, test, vi } from 'vitest';
import { SplitClient } from '../../src/client/split-client.ts';
import { upkeepCommands } from '../../src/coordinator/site-upkeep.ts';
import { startFtpServer } from '../../src/ftp/server.ts';
import { createLog } from '../../src/log/log.ts';
import { content } from './content.ts';
import { UpkeepPool } from './upkeep-fixture.ts';

const account = { user: 'owner', password: 'secret' };
const files = 80;

test('findings about files with long paths are all told', { timeout: 120_000 }, async () => {
  const pool = await UpkeepPool.start({ storageServers: 3, layout: { dataParts: 2, parityParts: 1 } });
  let folder = '';
  for (let depth = 0; depth < 4; depth++) {
    folder += `/${'x'.repeat(250)}`;
    await pool.files.makeDirectory(folder);
  }
  const paths = Array.from({ length: files }, (_, index) => `${folder}/${index}`).sort();
  await Promise.all(paths.map((path) => pool.upload(path, content(10, 1))));
  await pool.server(1).stop();
  await pool.seen(1, false);
  expect(await pool.verify()).toBe(files);

  const server = await startFtpServer({
    host: '127.0.0.1',
    port: 0,
    log: createLog('test', 'silent'),
    greeting: 'Test',
    login: async () => ({ fileSystem: pool.files }),
    site: upkeepCommands(pool.upkeep, async () => []),
  });
  const client = new SplitClient({ host: '127.0.0.1', port: server.port, account });
  try {
    const { id } = await client.startVerification('/');
    await vi.waitFor(async () => expect((await client.verification(id)).state).toBe('done'), {
      timeout: 60_000,
    });
    const findings = await client.findings(id);
    expect(findings.map(({ path }) => path).sort()).toEqual(paths);
  } finally {
    client.close();
    await server.close();
  }
});
