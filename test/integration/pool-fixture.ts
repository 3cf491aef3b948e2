/** A coordinator and its storage servers inside the test's process: for limits, times and questions of a test. */
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { StorageServerConfiguration } from '../../src/config/configuration.ts';
import { SqliteCatalogue } from '../../src/coordinator/catalogue/sqlite-catalogue.ts';
import { Converter } from '../../src/coordinator/convert/converter.ts';
import { Pool } from '../../src/coordinator/pool/pool.ts';
import type { Layout } from '../../src/coordinator/segments/part-format.ts';
import { writePolicy } from '../../src/coordinator/segments/write-policy.ts';
import { SplitFileSystem } from '../../src/coordinator/split-file-system.ts';
import { Budget, UrgentPace } from '../../src/coordinator/upkeep/budget.ts';
import { Collector } from '../../src/coordinator/upkeep/collector.ts';
import { Leases } from '../../src/coordinator/upkeep/leases.ts';
import type { LoginResult } from '../../src/ftp/access/login-result.ts';
import type { FileSystem } from '../../src/ftp/file-system.ts';
import type { Limits } from '../../src/ftp/limits.ts';
import { type FtpServer, startFtpServer } from '../../src/ftp/server.ts';
import { createLog, type Log } from '../../src/log/log.ts';
import { Folder } from '../../src/storage/folder.ts';
import { FaultyStorage } from './faulty-storage.ts';
import { temporaryFolder } from './ftp-server-fixture.ts';

export interface PoolFixture {
  readonly port: number;
  readonly catalogue: SqliteCatalogue;
  readonly pool: Pool;
  readonly files: SplitFileSystem;
  readonly leases: Leases;
  /** Native paths of the storage servers' folders. */
  readonly folders: readonly string[];
  /** What the storage servers serve, to be made to fail. */
  readonly storage: readonly FaultyStorage[];
  /** Of a conversion to another layout. */
  converter(layout: Layout): Converter;
  /** Ends a storage server, and every connection to it. */
  stopStorageServer(number: number): Promise<void>;
  /** Starts it again where it was. */
  startStorageServer(number: number): Promise<void>;
}

const tls = { mode: 'off', waived: false } as const;
const noTraffic = { isMoving: false };
const account = { user: 'u', password: 'p' };

/** Everything is gone when the test has ended. */
export async function startPool({
  storageServers = 2,
  connections,
  limits = {},
  layout,
  quorum,
  patience,
  timeout,
  log = createLog('test', 'silent'),
}: {
  storageServers?: number;
  /** Without it a data part on each storage server. */
  layout?: Layout;
  quorum?: number;
  /** Milliseconds for which an upload waits for a storage server that keeps the others waiting. */
  patience?: number;
  /** Seconds of silence after which a storage server has failed. */
  timeout?: number;
  /** To each storage server, at most. */
  connections?: number;
  limits?: Partial<Limits>;
  /** Of the coordinator and the storage servers. */
  log?: Log;
} = {}): Promise<PoolFixture> {
  const root = await temporaryFolder();
  const login = { host: '127.0.0.1', port: 0, log, greeting: 'Test' };
  const admit = async (fileSystem: FileSystem, user: string, password: string): Promise<LoginResult> =>
    user === account.user && password === account.password ? { fileSystem } : { refused: 'wrong-password' };
  const startStorage = (files: FileSystem, port = 0) =>
    startFtpServer({ ...login, port, login: (user, password) => admit(files, user, password) });
  const servers: FtpServer[] = [];
  const storage: FaultyStorage[] = [];
  const configurations: StorageServerConfiguration[] = [];
  for (let number = 1; number <= storageServers; number++) {
    const path = join(root, `storage${number}`);
    const files = new FaultyStorage(await Folder.open(path));
    storage.push(files);
    const server = await startStorage(files);
    servers.push(server);
    configurations.push({
      number,
      host: '127.0.0.1',
      port: server.port,
      account,
      folder: path,
      tls,
      ...(connections !== undefined && { connections }),
      ...(timeout !== undefined && { timeout }),
    });
  }
  const catalogue = new SqliteCatalogue(join(root, 'coordinator'));
  const pool = new Pool(catalogue.pool, configurations, log);
  const leases = new Leases();
  const collector = new Collector(catalogue, pool, leases, log);
  const policy = writePolicy(layout ?? { dataParts: storageServers, parityParts: 0 }, quorum, patience);
  const files = new SplitFileSystem({ catalogue, pool, policy: () => policy, leases, collector, log });
  const coordinator = await startFtpServer({
    ...login,
    limits: { failedLoginDelayMs: 1, ...limits },
    login: (user, password) => admit(files, user, password),
  });
  const converters: Converter[] = [];
  onTestFinished(async () => {
    await coordinator.close();
    await Promise.all(converters.map((converter) => converter.stop()));
    await collector.stop();
    pool.close();
    await catalogue.close();
    await Promise.all(servers.map((server) => server.close()));
  });
  return {
    port: coordinator.port,
    catalogue,
    pool,
    files,
    leases,
    folders: configurations.map(({ folder }) => folder),
    storage,
    converter: (layout) => {
      const converter = new Converter({
        catalogue,
        pool,
        leases,
        log,
        policy: () => writePolicy(layout),
        pace: new UrgentPace(new Budget(1, noTraffic), noTraffic),
        place: () =>
          configurations.slice(0, layout.dataParts + layout.parityParts).map(({ number }) => number),
        onConverted: async () => {},
        onGarbage: () => collector.wake(),
      });
      converters.push(converter);
      return converter;
    },
    stopStorageServer: async (number) => servers[number - 1]?.close(),
    startStorageServer: async (number) => {
      const files = storage[number - 1];
      const stopped = servers[number - 1];
      if (files && stopped) servers[number - 1] = await startStorage(files, stopped.port);
    },
  };
}
