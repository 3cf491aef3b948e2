/**
 * `node test/bench/listing.ts [--entries 20000]`: a long folder, listed by the coordinator (from its catalogue) and by a
 * bundled storage server (from its disk); from the command to the last entry that the client has understood.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from 'basic-ftp';
import { toEnvironment } from '../../src/config/load.ts';
import { SqliteCatalogue } from '../../src/coordinator/catalogue/sqlite-catalogue.ts';
import { freePorts } from '../ports.ts';
import { account, makeConfiguration } from './configuration.ts';
import { median } from './result.ts';
import { ServerProcess } from './server-process.ts';

const rounds = 7;
const quiet = ['--log-level', 'warn'];

/** Prints milliseconds: the median, and the lowest and the highest of a round. */
export async function measureListings(entries: number): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'splitftp-listing-'));
  const configuration = makeConfiguration(root, await freePorts(3), { dataParts: 2, parityParts: 0 });
  const [storage] = configuration.storageServers;
  if (!storage) throw new Error('no storage server');
  const { coordinator } = configuration;
  const servers: ServerProcess[] = [];
  try {
    await fill(coordinator.folder, storage.folder, entries);
    const environment = { ...process.env, ...toEnvironment(configuration) };
    servers.push(await ServerProcess.start('storage', 'dist/storage.js', ['1', ...quiet], environment));
    // Before there is a coordinator, which puts a folder of its own beside the entries.
    const stored = await time(storage.port, entries);
    servers.push(await ServerProcess.start('coordinator', 'dist/coordinator.js', quiet, environment));
    console.log(`\nlisting ${entries} entries, ms`);
    console.table([
      { server: 'coordinator', ...(await time(coordinator.port, entries)) },
      { server: 'storage server', ...stored },
    ]);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(root, { recursive: true, force: true });
  }
}

async function fill(catalogueFolder: string, storageFolder: string, entries: number): Promise<void> {
  const catalogue = new SqliteCatalogue(catalogueFolder);
  await mkdir(storageFolder, { recursive: true });
  for (let index = 0; index < entries; index++) {
    const name = `entry-${String(index).padStart(6, '0')}`;
    await catalogue.makeDirectory(`/${name}`);
    await writeFile(join(storageFolder, name), '');
  }
  await catalogue.close();
}

async function time(port: number, entries: number): Promise<Record<string, string>> {
  const client = new Client();
  try {
    await client.access({ host: '127.0.0.1', port, ...account });
    const results: Record<string, string> = {};
    for (const command of ['MLSD', 'LIST']) {
      client.availableListCommands = [command];
      const times: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const start = performance.now();
        const { length } = await client.list('/');
        times.push(performance.now() - start);
        if (length !== entries) throw new Error(`${command} gave ${length} entries`);
      }
      const all = [median(times), Math.min(...times), Math.max(...times)].map((each) => each.toFixed(0));
      results[command] = `${all[0]} (${all[1]} to ${all[2]})`;
    }
    return results;
  } finally {
    client.close();
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { entries: { type: 'string', default: '20000' } } });
  await measureListings(Number(values.entries));
}
