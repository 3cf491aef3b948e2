/** The report about a pool may be more than one reply of FTP holds. */
import { expect, onTestFinished, test } from 'vitest';
import { SplitClient } from '../../src/client/split-client.ts';
import { Pool } from '../../src/coordinator/pool/pool.ts';
import { writePolicy } from '../../src/coordinator/segments/write-policy.ts';
import { parseStatus, reportStatus } from '../../src/coordinator/site-reports.ts';
import { startFtpServer } from '../../src/ftp/server.ts';
import { createLog } from '../../src/log/log.ts';
import { freePorts } from '../ports.ts';
import { UpkeepPool } from './upkeep-fixture.ts';

const account = { user: 'owner', password: 'secret' };
const layout = { dataParts: 2, parityParts: 0 };
/** Bytes of a reply that clients take. */
const most = 64 * 1024;

test('SITE STATUS of more storage servers than a reply should hold is read in pages', {
  timeout: 120_000,
}, async () => {
  const few = await UpkeepPool.start({ storageServers: 2, layout });
  const { catalogue, upkeep, files } = few;
  const log = createLog('test', 'silent');
  const [port = 0] = await freePorts(1); // Where nobody listens.
  const configurations = Array.from({ length: 250 }, (_, index) => ({
    number: index + 1,
    host: '127.0.0.1',
    port,
    account,
    folder: 'nowhere',
    tls: { mode: 'off', waived: false } as const,
  }));
  const pool = new Pool(catalogue.pool, configurations, log);
  onTestFinished(() => pool.close());
  const journal = { state: { waiting: 0, copies: 1 } };
  const reported = {
    catalogue,
    pool,
    upkeep,
    journal,
    policy: () => writePolicy(layout),
    version: '1',
    tls: undefined,
  };
  const replies: number[] = [];
  const server = await startFtpServer({
    host: '127.0.0.1',
    port: 0,
    log,
    greeting: 'Test',
    login: async () => ({ fileSystem: files }),
    site: new Map([
      [
        'STATUS',
        async (argument: string) => {
          const lines = await reportStatus(reported, parseStatus(argument));
          replies.push(Buffer.byteLength(lines.join('\r\n ')));
          return lines;
        },
      ],
    ]),
  });
  onTestFinished(() => server.close());
  const client = new SplitClient({ host: '127.0.0.1', port: server.port, account });
  onTestFinished(() => client.close());
  const [coordinator, ...servers] = await client.status();
  expect(coordinator).toMatchObject({ kind: 'coordinator', storageServers: 250 });
  expect(servers.map((report) => report.kind === 'storage server' && report.number)).toEqual(
    configurations.map(({ number }) => number),
  );
  expect(replies.length).toBeGreaterThan(1);
  expect(Math.max(...replies)).toBeLessThan(most);
  expect(replies.reduce((sum, bytes) => sum + bytes)).toBeGreaterThan(most);
});
