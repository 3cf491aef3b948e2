/** A coordinator with upkeep and storage servers in the test's process, which can be stopped, started and emptied. */
import { readdir, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { expect, onTestFinished, vi } from 'vitest';
import type { StorageServerConfiguration } from '../../src/config/configuration.ts';
import type { UpkeepConfiguration } from '../../src/config/upkeep.ts';
import { SqliteCatalogue } from '../../src/coordinator/catalogue/sqlite-catalogue.ts';
import { ClientTraffic } from '../../src/coordinator/client-traffic.ts';
import { Pool } from '../../src/coordinator/pool/pool.ts';
import type { Layout } from '../../src/coordinator/segments/part-format.ts';
import { writePolicy } from '../../src/coordinator/segments/write-policy.ts';
import { SplitFileSystem } from '../../src/coordinator/split-file-system.ts';
import type { Clock } from '../../src/coordinator/upkeep/budget.ts';
import { Collector } from '../../src/coordinator/upkeep/collector.ts';
import { Leases } from '../../src/coordinator/upkeep/leases.ts';
import { Upkeep } from '../../src/coordinator/upkeep/upkeep.ts';
import type { FileSystemError } from '../../src/ftp/file-system.ts';
import { type FtpServer, startFtpServer } from '../../src/ftp/server.ts';
import { createLog } from '../../src/log/log.ts';
import { Folder } from '../../src/storage/folder.ts';
import { freePorts } from '../ports.ts';
import { FaultyStorage } from './faulty-storage.ts';
import { temporaryFolder } from './ftp-server-fixture.ts';

const account = { user: 'u', password: 'p' };
const log = createLog('test', process.env.TEST_LOG === undefined ? 'silent' : 'debug');
/** For a machine with much else to do. */
const timeout = 60_000;

export interface UpkeepPoolOptions {
  readonly storageServers: number;
  readonly layout: Layout;
  readonly upkeep?: Partial<UpkeepConfiguration>;
  /** Of upkeep and of what it knows of transfers; without it the system's. */
  readonly clock?: Clock;
  /** Failure domains, by position. */
  readonly domains?: readonly string[];
  /** Control connections that each storage server takes; without it as many as are usual. */
  readonly connections?: number;
}

/** A storage server at a port of its own. */
class StorageFixture {
  readonly configuration: StorageServerConfiguration;
  /** Of its disk; empty until the server was started. */
  files: FaultyStorage | undefined;
  #server: FtpServer | undefined;

  constructor(configuration: StorageServerConfiguration) {
    this.configuration = configuration;
  }

  async start(folder = this.configuration.folder): Promise<void> {
    const files = new FaultyStorage(await Folder.open(folder));
    this.files = files;
    this.#server = await startFtpServer({
      host: '127.0.0.1',
      port: this.configuration.port,
      log: createLog('storage', 'silent'),
      greeting: 'Test',
      login: async (user, password) =>
        user === account.user && password === account.password
          ? { fileSystem: files }
          : { refused: 'wrong-password' },
    });
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }
}

export class UpkeepPool {
  readonly servers: readonly StorageFixture[];
  readonly #root: string;
  readonly #options: UpkeepPoolOptions;
  #coordinator: Coordinator;

  private constructor(root: string, servers: readonly StorageFixture[], options: UpkeepPoolOptions) {
    this.#root = root;
    this.servers = servers;
    this.#options = options;
    this.#coordinator = this.#open(servers.length);
  }

  /** Everything is gone when the test has ended. */
  static async start(options: UpkeepPoolOptions): Promise<UpkeepPool> {
    const root = await temporaryFolder();
    const ports = await freePorts(options.storageServers);
    const servers = ports.map(
      (port, index) =>
        new StorageFixture({
          number: index + 1,
          host: '127.0.0.1',
          port,
          account,
          folder: join(root, `storage${index + 1}`),
          tls: { mode: 'off', waived: false },
          ...(options.connections !== undefined && { connections: options.connections }),
          ...(options.domains?.[index] !== undefined && { domain: options.domains[index] }),
        }),
    );
    for (const server of servers) await server.start();
    const pool = new UpkeepPool(root, servers, options);
    await pool.upkeep.start();
    onTestFinished(async () => {
      await pool.#coordinator.close();
      await Promise.all(servers.map((server) => server.stop()));
    });
    return pool;
  }

  get catalogue(): SqliteCatalogue {
    return this.#coordinator.catalogue;
  }

  get files(): SplitFileSystem {
    return this.#coordinator.files;
  }

  get upkeep(): Upkeep {
    return this.#coordinator.upkeep;
  }

  /** The coordinator's view of the storage servers. */
  get members(): Pool {
    return this.#coordinator.pool;
  }

  get collector(): Collector {
    return this.#coordinator.collector;
  }

  /** @param count so many of the storage servers are in its configuration */
  async restart(count = this.servers.length): Promise<void> {
    await this.#coordinator.close();
    this.#coordinator = this.#open(count);
    await this.upkeep.start();
  }

  server(number: number): StorageFixture {
    const server = this.servers[number - 1];
    if (!server) throw new Error(`there is no storage server ${number}`);
    return server;
  }

  async upload(path: string, bytes: Buffer): Promise<void> {
    const upload = await this.files.write(path, 'replace', new AbortController().signal);
    upload.stream.end(bytes);
    await finished(upload.stream);
    await upload.commit();
  }

  async download(path: string): Promise<Buffer> {
    return buffer(await this.files.read(path, 0));
  }

  /** Native paths of the part files of a storage server. */
  async partFiles(number: number): Promise<string[]> {
    const { folder } = this.server(number).configuration;
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && /^[0-9a-f]{32}\.\d+$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  }

  /**
   * From now on the storage servers give nothing of the parts that they hold now.
   * @param failure what they say then
   * @param isMeant whether that is so for a part, by the number of its server and its path there
   * @returns the paths there
   */
  async makeUnreadable(
    failure: FileSystemError,
    isMeant: (number: number, path: string) => boolean = () => true,
  ): Promise<string[]> {
    const paths: string[] = [];
    for (const { files, configuration } of this.servers) {
      const { number, folder } = configuration;
      for (const native of await this.partFiles(number)) {
        const path = `/${relative(folder, native).split(sep).join('/')}`;
        if (!isMeant(number, path)) continue;
        files?.unreadable.set(path, failure);
        paths.push(path);
      }
    }
    return paths;
  }

  /** Where the parts of all files are, as sets of server numbers. */
  async places(): Promise<number[][]> {
    const segments = await this.catalogue.upkeep.segmentsAfter(0, 100_000);
    return segments.map(({ segment }) => segment.parts.map(({ server }) => server));
  }

  async missing(): Promise<number> {
    return (await this.catalogue.totals()).missingParts;
  }

  /** Waits until no part is missing. */
  async whole(): Promise<void> {
    await vi.waitFor(async () => expect(await this.missing()).toBe(0), { timeout, interval: 50 });
  }

  /** Waits until there is nothing left to remove. */
  async collected(): Promise<void> {
    const isCollected = async () => {
      expect((await this.catalogue.totals()).garbageSegments).toBe(0);
      for (const { configuration } of this.servers) {
        expect(await this.catalogue.upkeep.strays(configuration.number, 1)).toEqual([]);
      }
    };
    this.collector.wake();
    await vi.waitFor(isCollected, { timeout, interval: 50 });
  }

  /** Waits until upkeep knows that the server is (not) there. */
  async seen(number: number, up: boolean): Promise<void> {
    await vi.waitFor(
      async () => {
        await this.#coordinator.pool.server(number).probe();
        expect(this.upkeep.watch.isUp(number)).toBe(up);
      },
      { timeout, interval: 50 },
    );
  }

  /** Verifies everything. @returns how many parts were not right */
  async verify(path = '/'): Promise<number> {
    const { id } = await this.upkeep.verifications.start(path);
    await vi.waitFor(() => expect(this.upkeep.verifications.report(id).state).toBe('done'), {
      timeout,
      interval: 50,
    });
    const { damaged, missing, unreachable } = this.upkeep.verifications.report(id);
    return damaged + missing + unreachable;
  }

  async empty(number: number): Promise<void> {
    await rm(this.server(number).configuration.folder, { recursive: true });
  }

  #open(count: number): Coordinator {
    return new Coordinator(
      join(this.#root, 'coordinator'),
      this.servers.slice(0, count).map(({ configuration }) => configuration),
      this.#options,
    );
  }
}

class Coordinator {
  readonly catalogue: SqliteCatalogue;
  readonly pool: Pool;
  readonly upkeep: Upkeep;
  readonly collector: Collector;
  readonly files: SplitFileSystem;

  constructor(folder: string, servers: readonly StorageServerConfiguration[], options: UpkeepPoolOptions) {
    const { layout } = options;
    this.catalogue = new SqliteCatalogue(folder);
    this.pool = new Pool(this.catalogue.pool, servers, log);
    const leases = new Leases();
    const { clock } = options;
    const traffic = new ClientTraffic(clock && (() => clock.now()));
    const { catalogue, pool } = this;
    const collector = new Collector(catalogue, pool, leases, log);
    this.collector = collector;
    this.upkeep = new Upkeep({
      catalogue,
      pool,
      leases,
      log,
      traffic,
      ...(options.clock && { clock: options.clock }),
      configuration: { scrubDays: 30, rate: 100_000, relocateMinutes: 60, ...options.upkeep },
      onGarbage: () => collector.wake(),
    });
    this.files = new SplitFileSystem({
      catalogue,
      pool,
      leases,
      collector,
      log,
      traffic,
      policy: () => writePolicy(layout),
      place: (segment) => this.upkeep.placement.place(segment, layout),
    });
  }

  async close(): Promise<void> {
    await this.upkeep.stop();
    await this.collector.stop();
    this.pool.close();
    await this.catalogue.close();
  }
}
