/** Real servers for tests: storage servers and a coordinator, each a process of its own, on free ports. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SplitClient } from '../../src/client/split-client.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { ChildServer } from '../../src/servers/child-server.ts';
import { freePorts } from '../ports.ts';

export type ServerName = 'coordinator' | `storage ${number}`;

export interface TestServers {
  /** Temporary; holds the `.env` file and all servers' folders, and may be used for more. */
  readonly folder: string;
  readonly envFile: string;
  readonly configuration: Configuration;
  /** A client of the coordinator; closed with the servers. */
  client(): SplitClient;
  /** Ends a server without warning, as a crash would. */
  kill(name: ServerName): Promise<void>;
  /** The process of a running server, for signals. */
  pid(name: ServerName): number;
  /** Starts a server again, after ending it in good order if it still runs. */
  restart(name: ServerName): Promise<void>;
  /** What a server has printed so far, a line each. */
  output(name: ServerName): readonly string[];
  /** Ends everything and removes the folder. */
  stop(): Promise<void>;
}

const sources = resolve(import.meta.dirname, '../../src');

/** Writes an `.env` file with a free port for every server; nothing is started. @param settings more variables */
export async function writeEnvFile(
  folder: string,
  storageServers = 2,
  settings: Readonly<Record<string, string>> = {},
): Promise<string> {
  const [port, ...ports] = await freePorts(storageServers + 1);
  const lines = [
    'FTP_USER=user',
    'FTP_PASSWORD=password',
    `FTP_PORT=${port}`,
    'FTP_SERVER_DIR=server_folder',
    'FTP_SERVER=127.0.0.1',
  ];
  for (const [index, storagePort] of ports.entries()) {
    const n = index + 1;
    lines.push(`FTP_USER${n}=user${n}`, `FTP_PASSWORD${n}=password${n}`, `FTP_PORT${n}=${storagePort}`);
  }
  for (const [variable, value] of Object.entries(settings)) lines.push(`${variable}=${value}`);
  const envFile = join(folder, '.env');
  await writeFile(envFile, `${lines.join('\n')}\n`);
  return envFile;
}

export interface ServersOptions {
  readonly storageServers?: number;
  /** More variables of the configuration. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Those that run at first; all, if not told. */
  readonly only?: readonly ServerName[];
}

export async function startServers({
  storageServers = 2,
  settings,
  only,
}: ServersOptions = {}): Promise<TestServers> {
  const folder = await mkdtemp(join(tmpdir(), 'splitftp-servers-'));
  const running = new Map<ServerName, ChildServer>();
  const outputs = new Map<ServerName, string[]>();
  const clients: SplitClient[] = [];

  async function start(name: ServerName, envFile: string): Promise<void> {
    const [kind, ...number] = name.split(' ');
    const lines = outputs.get(name) ?? [];
    outputs.set(name, lines);
    const server = new ChildServer({
      name,
      program: join(sources, kind ?? '', 'main.ts'),
      args: [...number, '--env', envFile],
      environment: process.env,
      onLine: (line) => lines.push(line),
    });
    running.set(name, server);
    await server.ready;
  }

  async function end(): Promise<void> {
    for (const client of clients.splice(0)) client.close();
    await running.get('coordinator')?.stop();
    await Promise.all([...running.values()].map((server) => server.stop()));
    running.clear();
  }

  async function startAll(): Promise<string> {
    // Between finding a port free and using it somebody else may take it: then with others.
    for (let attempt = 1; ; attempt++) {
      const envFile = await writeEnvFile(folder, storageServers, settings);
      try {
        const names = Array.from({ length: storageServers }, (_, index) => `storage ${index + 1}` as const);
        const isWanted = (name: ServerName) => only?.includes(name) ?? true;
        await Promise.all(names.filter(isWanted).map((name) => start(name, envFile)));
        if (isWanted('coordinator')) await start('coordinator', envFile);
        return envFile;
      } catch (error) {
        await end();
        if (attempt < 3 && error instanceof Error && error.message.includes('in use')) continue;
        await rm(folder, { recursive: true, force: true });
        throw error;
      }
    }
  }

  function pid(name: ServerName): number {
    const found = running.get(name)?.pid;
    if (found === undefined) throw new Error(`${name} does not run`);
    return found;
  }

  const envFile = await startAll();
  const configuration = await loadConfiguration({ envFile, environment: {} });
  return {
    folder,
    envFile,
    configuration,
    client() {
      const client = new SplitClient(configuration.coordinator);
      clients.push(client);
      return client;
    },
    async kill(name) {
      process.kill(pid(name), 'SIGKILL');
      await running.get(name)?.gone;
      running.delete(name);
    },
    pid,
    async restart(name) {
      await running.get(name)?.stop();
      await start(name, envFile);
    },
    output: (name) => outputs.get(name) ?? [],
    async stop() {
      await end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
