/**
 * `node test/bench/small-files.ts [--files 200] [--folder DIR]`, after `npm run build`: what small files cost. Each job
 * once for every file, by one client and by eight side by side; by one bundled storage server and by coordinators in two
 * layouts, in turn.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { Client } from 'basic-ftp';
import { freePorts } from '../ports.ts';
import { account, makeConfiguration } from './configuration.ts';
import { type ServerProcess, startServers } from './server-process.ts';

const content = Buffer.alloc(4096, 'SplitFTP');
const layouts = [
  { dataParts: 2, parityParts: 0 },
  { dataParts: 2, parityParts: 1 },
];

/** What is done with one file, in this order. */
const jobs: Readonly<Record<string, (client: Client, name: string) => Promise<unknown>>> = {
  'make folder': (client, name) => client.send(`MKD folder-${name}`),
  upload: (client, name) => client.uploadFrom(Readable.from([content], { objectMode: false }), name),
  download,
  rename: (client, name) => client.rename(name, `${name}.renamed`),
  delete: (client, name) => client.remove(`${name}.renamed`),
  'remove folder': (client, name) => client.send(`RMD folder-${name}`),
};

interface Target {
  readonly name: string;
  readonly port: number;
  /** All that have to work for it. */
  readonly servers: readonly ServerProcess[];
}

/** Prints files per second, and CPU milliseconds of all servers together for each file. */
export async function measureSmallFiles(parent: string, files: number): Promise<void> {
  const folder = await mkdtemp(join(parent, 'splitftp-small-'));
  const servers: ServerProcess[] = [];
  try {
    const targets: Target[] = [];
    for (const layout of layouts) {
      const name = `${layout.dataParts}+${layout.parityParts}`;
      const ports = await freePorts(1 + layout.dataParts + layout.parityParts);
      const own: ServerProcess[] = [];
      const configuration = makeConfiguration(join(folder, name), ports, layout);
      await startServers(configuration, own).finally(() => servers.push(...own));
      const [direct] = configuration.storageServers;
      const [storage] = own;
      if (targets.length === 0 && direct && storage) {
        targets.push({ name: 'direct', port: direct.port, servers: [storage] });
      }
      targets.push({ name, port: configuration.coordinator.port, servers: own });
    }
    for (const connections of [1, 8]) {
      console.log(`\n${files} files of ${content.length} bytes, connections: ${connections}\n`);
      console.log(
        `| | ${targets.map(({ name }) => `${name}: files/s | CPU ms`).join(' | ')} |\n${'| --- '.repeat(1 + 2 * targets.length)}|`,
      );
      const clients = new Map<Target, Client[]>();
      for (const target of targets) clients.set(target, await logIn(target.port, connections));
      for (const [name, job] of Object.entries(jobs)) {
        const row: string[] = [name];
        for (const target of targets) {
          row.push(...(await measure(target, clients.get(target) ?? [], files, job)));
        }
        console.log(`| ${row.join(' | ')} |`);
      }
      for (const client of [...clients.values()].flat()) client.close();
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(
  { servers }: Target,
  clients: readonly Client[],
  files: number,
  job: (client: Client, name: string) => Promise<unknown>,
): Promise<string[]> {
  const cpu = () => servers.reduce((sum, server) => sum + server.cpu(), 0);
  const before = cpu();
  const start = performance.now();
  let next = 0;
  await Promise.all(
    clients.map(async (client) => {
      while (next < files) await job(client, `file-${next++}`);
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  return [(files / seconds).toFixed(0), (((cpu() - before) * 1000) / files).toFixed(1)];
}

async function download(client: Client, name: string): Promise<void> {
  let bytes = 0;
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done();
    },
  });
  await client.downloadTo(sink, name);
  if (bytes !== content.length) throw new Error(`${bytes} bytes of ${name} came`);
}

async function logIn(port: number, connections: number): Promise<Client[]> {
  const clients: Client[] = [];
  for (let index = 0; index < connections; index++) {
    const client = new Client();
    await client.access({ host: '127.0.0.1', port, ...account });
    clients.push(client);
  }
  return clients;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { files: { type: 'string', default: '200' }, folder: { type: 'string', default: tmpdir() } },
  });
  await measureSmallFiles(values.folder, Number(values.files));
}
