/**
 * `npm run bench -- [--size 1GiB[,4GiB...]] [--rounds 5] [--folder DIR]`: uploads and downloads through the coordinator
 * over two storage servers, in turn with the same directly to one bundled storage server.
 * DIR is where the servers keep everything; a memory disk there takes the disk out of the comparison.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { Client } from 'basic-ftp';
import type { Configuration } from '../../src/config/configuration.ts';
import { toEnvironment } from '../../src/config/load.ts';
import { freePorts } from '../ports.ts';
import { ServerProcess } from './server-process.ts';

const run = promisify(execFile);
const gibibyte = 1024 ** 3;
const directions = ['up', 'down'] as const;
type Direction = (typeof directions)[number];

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1GiB' },
    rounds: { type: 'string', default: '5' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const sizes = values.size.split(',').map(parseSize);
const rounds = Number(values.rounds);

if (process.platform !== 'linux') {
  console.error('The benchmark reads CPU time and memory from /proc, so it runs on Linux only.');
  process.exit(1);
}

const folder = await mkdtemp(join(values.folder, 'splitftp-bench-'));
const servers: ServerProcess[] = [];
try {
  const configuration = await makeConfiguration(folder);
  for (const size of sizes) await measure(configuration, size);
} finally {
  await stopServers();
  await rm(folder, { recursive: true, force: true });
}

async function measure(configuration: Configuration, size: number): Promise<void> {
  await startServers(configuration); // fresh ones, so that a peak belongs to this size
  const direct = configuration.storageServers[0];
  if (!direct) throw new Error('no storage server');
  const targets = { split: configuration.coordinator, direct };
  const times: Record<Direction, Record<keyof typeof targets, number[]>> = {
    up: { split: [], direct: [] },
    down: { split: [], direct: [] },
  };
  const cpu: Record<Direction, number[]> = { up: servers.map(() => 0), down: servers.map(() => 0) };
  console.log(`\n${formatSize(size)}, ${rounds} rounds`);
  for (let round = 0; round < rounds; round++) {
    for (const [name, server] of [
      ['direct', targets.direct],
      ['split', targets.split],
    ] as const) {
      for (const direction of directions) {
        const before = servers.map((process) => process.cpu());
        times[direction][name].push(await transfer(direction, server, size));
        if (name === 'split') {
          for (const [index, process] of servers.entries()) {
            cpu[direction][index] = (cpu[direction][index] ?? 0) + process.cpu() - (before[index] ?? 0);
          }
        }
      }
      await remove(server);
    }
    process.stdout.write('.');
  }
  console.log(
    `\n\n| | direct MB/s | split MB/s | split / direct (lowest to highest) |\n| --- | --- | --- | --- |`,
  );
  for (const direction of directions) {
    const ratios = times[direction].direct.map(
      (time, round) => time / (times[direction].split[round] ?? time),
    );
    const rate = (list: readonly number[]) => (size / 1e6 / median(list)).toFixed(0);
    console.log(
      `| ${direction} | ${rate(times[direction].direct)} | ${rate(times[direction].split)} | ` +
        `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}) |`,
    );
  }
  console.log('\n| process | CPU s/GiB up | CPU s/GiB down | peak memory |\n| --- | --- | --- | --- |');
  for (const [index, process] of servers.entries()) {
    const perGibibyte = (direction: Direction) =>
      (((cpu[direction][index] ?? 0) / rounds) * (gibibyte / size)).toFixed(2);
    console.log(
      `| ${process.name} | ${perGibibyte('up')} | ${perGibibyte('down')} | ${(process.peak() / 1e6).toFixed(0)} MB |`,
    );
  }
  await stopServers();
}

async function startServers(configuration: Configuration): Promise<void> {
  const environment = { ...process.env, ...toEnvironment(configuration) };
  for (const { number } of configuration.storageServers) {
    const name = `storage server ${number}`;
    servers.push(await ServerProcess.start(name, 'dist/storage.js', [String(number)], environment));
  }
  servers.push(await ServerProcess.start('coordinator', 'dist/coordinator.js', [], environment));
}

async function stopServers(): Promise<void> {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
}

type Server = Configuration['coordinator'] | Configuration['storageServers'][number];

async function transfer(direction: Direction, { port, account }: Server, size: number): Promise<number> {
  const args = ['test/bench/load.ts', direction, String(port), account.user, '/bench', String(size)];
  const { stdout } = await run(process.execPath, args, {
    env: { ...process.env, LOAD_PASSWORD: account.password },
  });
  return Number(stdout);
}

async function remove({ port, account }: Server): Promise<void> {
  const client = new Client();
  await client.access({ host: '127.0.0.1', port, ...account });
  await client.remove('/bench');
  client.close();
}

async function makeConfiguration(root: string): Promise<Configuration> {
  const account = { user: 'bench', password: 'bench' };
  const host = '127.0.0.1';
  const [port, ...ports] = await freePorts(3);
  if (port === undefined) throw new Error('no free port');
  return {
    coordinator: {
      account,
      host,
      port,
      folder: join(root, 'server'),
      usersFile: join(root, 'server', 'users.json'),
      limits: {},
      tls: { mode: 'off' },
    },
    storageServers: ports.map((own, index) => ({
      number: index + 1,
      account,
      host,
      port: own,
      folder: join(root, `storage_folder${index + 1}`),
      tls: { mode: 'off', waived: false },
    })),
    layout: { dataParts: 2, parityParts: 0 },
    source: 'the benchmark',
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function parseSize(text: string): number {
  const [, digits, unit = ''] = /^(\d+)(|KiB|MiB|GiB)$/.exec(text) ?? [];
  if (digits === undefined) throw new Error(`"${text}" is not a size: write 100MiB or 4GiB`);
  return Number(digits) * 1024 ** ['', 'KiB', 'MiB', 'GiB'].indexOf(unit);
}

function formatSize(bytes: number): string {
  return bytes >= gibibyte ? `${bytes / gibibyte} GiB` : `${bytes / 1024 ** 2} MiB`;
}
