/**
 * A whole pool in the test's process: a coordinator, storage servers, and a {@link FaultProxy} before each of these.
 * The coordinator is started from a configuration as the program is, so that what is tried is what runs.
 */

import { existsSync } from 'node:fs';
import { access, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'basic-ftp';
import { SplitClient } from '../../src/client/split-client.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { runCoordinator } from '../../src/coordinator/coordinator-server.ts';
import { createLog, type Log } from '../../src/log/log.ts';
import type { RunningServer } from '../../src/servers/server-process.ts';
import { runStorageServer } from '../../src/storage/storage-server.ts';
import { openSession } from '../integration/ftp-session.ts';
import { FaultProxy } from './fault-proxy.ts';

/** Of the coordinator's log, to be shown when a test fails. */
const lastLines = 60;

export interface RigOptions {
  readonly dataParts: number;
  readonly parityParts: number;
  /** As many as parts, if not told. */
  readonly storageServers?: number;
  /** Seconds that a silent storage server is waited for. */
  readonly timeout?: number;
  /**
   * The storage servers do as if they did not store atomically, or the first, third and so on; with `in-place` they
   * rename nothing, either.
   */
  readonly plain?: boolean | 'every-other' | 'in-place';
  /** On a real disk, for what does not fit into memory. */
  readonly onDisk?: boolean;
  /** Without the proxies, for what is measured; {@link Rig.proxy} then has no effect. */
  readonly direct?: boolean;
  /** More variables of the configuration. */
  readonly settings?: Readonly<Record<string, string>>;
}

export class Rig {
  readonly folder: string;
  readonly configuration: Configuration;
  /** Before each storage server, in their order. */
  readonly proxies: readonly FaultProxy[];
  /** What coordinator and storage servers have logged last. */
  readonly lines: readonly string[];
  readonly #log: Log;
  readonly #storageServers: readonly RunningServer[];
  #coordinator: RunningServer | undefined;

  static async start(options: RigOptions): Promise<Rig> {
    const folder = await mkdtemp(join(options.onDisk ? tmpdir() : await quickDisk(), 'splitftp-rig-'));
    const count = options.storageServers ?? options.dataParts + options.parityParts;
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    const environment: Record<string, string> = {
      FTP_USER: 'user',
      FTP_PASSWORD: 'password',
      FTP_SERVER_DIR: join(folder, 'server_folder'),
      FTP_DATA_PARTS: String(options.dataParts),
      FTP_PARITY_PARTS: String(options.parityParts),
      ...options.settings,
    };
    for (const n of numbers) {
      environment[`FTP_USER${n}`] = `user${n}`;
      environment[`FTP_PASSWORD${n}`] = `password${n}`;
      environment[`FTP_STORAGE_DIR${n}`] = join(folder, `storage_folder${n}`);
      environment[`FTP_TIMEOUT${n}`] = String(options.timeout ?? 3);
    }
    const loaded = await loadConfiguration({ environment });
    const lines: string[] = [];
    const log = createLog('rig', 'debug', {
      write: (line) => {
        lines.push(line.trimEnd());
        if (lines.length > lastLines) lines.shift();
      },
    });
    const storageServers: RunningServer[] = [];
    const proxies: FaultProxy[] = [];
    for (const server of loaded.storageServers) {
      const running = await runStorageServer({ ...server, port: 0 }, createLog('rig', 'silent'));
      storageServers.push(running);
      const spoil = async (path: string, how: 'remove' | 'halve' | 'empty') => {
        const file = join(server.folder, path);
        if (how === 'remove') await rm(file);
        else if (how === 'halve') await truncate(file, 300);
        else if (existsSync(file)) await truncate(file);
      };
      const plain = options.plain === 'every-other' ? server.number % 2 === 1 : (options.plain ?? false);
      proxies.push(await FaultProxy.start({ port: running.port, spoil, plain }));
    }
    const configuration = {
      ...loaded,
      coordinator: { ...loaded.coordinator, port: 0 },
      storageServers: loaded.storageServers.map((server, index) => ({
        ...server,
        port: (options.direct ? storageServers : proxies)[index]?.port ?? 0,
      })),
    };
    const rig = new Rig(folder, configuration, proxies, storageServers, log, lines);
    await rig.startCoordinator();
    return rig;
  }

  private constructor(
    folder: string,
    configuration: Configuration,
    proxies: readonly FaultProxy[],
    storageServers: readonly RunningServer[],
    log: Log,
    lines: readonly string[],
  ) {
    this.folder = folder;
    this.configuration = configuration;
    this.proxies = proxies;
    this.#storageServers = storageServers;
    this.#log = log;
    this.lines = lines;
  }

  /** The coordinator's, now. */
  get address(): Configuration['coordinator'] {
    return { ...this.configuration.coordinator, port: this.#coordinator?.port ?? 0 };
  }

  proxy(server: number): FaultProxy {
    const proxy = this.proxies[server - 1];
    if (!proxy) throw new Error(`there is no storage server ${server}`);
    return proxy;
  }

  session(): Promise<Client> {
    return openSession(this.address);
  }

  client(): SplitClient {
    return new SplitClient(this.address);
  }

  async startCoordinator(): Promise<void> {
    this.#coordinator = await runCoordinator(this.configuration, this.#log);
  }

  async stopCoordinator(): Promise<void> {
    await this.#coordinator?.close();
    this.#coordinator = undefined;
  }

  async stop(): Promise<void> {
    await this.stopCoordinator();
    await Promise.all(this.proxies.map((proxy) => proxy.down()));
    await Promise.all(this.#storageServers.map((server) => server.close()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Where the system gives folders in memory: what is tried is order and completeness, not the disk. */
async function quickDisk(): Promise<string> {
  try {
    await access('/dev/shm');
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

/** Milliseconds for a test of this folder, which waits for events and never for a time: much more than it takes. */
export const patienceOfTests = process.env.SPLITFTP_LONG === '1' ? 4 * 3_600_000 : 900_000;
