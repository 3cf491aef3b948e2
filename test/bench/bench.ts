/**
 * `npm run bench -- [--size 1GiB[,4GiB...]] [--rounds 5] [--folder DIR]`: uploads and downloads through the coordinator
 * over two storage servers, in plain text and over TLS, in turn with the same directly to one bundled storage server; then
 * in several layouts; then over storage servers behind slow lines (`slow-lines.ts`); then small files (`small-files.ts`),
 * one slow storage server (`hedge.ts`), and more. DIR is where the servers keep everything; a memory disk there takes the
 * disk out of the comparison.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Configuration } from '../../src/config/configuration.ts';
import { coordinatorTrust } from '../../src/tls/expected-certificate.ts';
import { freePorts } from '../ports.ts';
import { makeConfiguration } from './configuration.ts';
import { measureErasureCodes } from './erasure.ts';
import { measureHedging } from './hedge.ts';
import { measureLayouts } from './layouts.ts';
import { measureListings } from './listing.ts';
import { directions, median, Result, type TargetName, targetNames } from './result.ts';
import { type ServerProcess, startServers } from './server-process.ts';
import { measureSlowLines } from './slow-lines.ts';
import { measureSmallFiles } from './small-files.ts';
import { remove, type Target, transfer } from './transfer.ts';

const gibibyte = 1024 ** 3;

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
  const configuration = makeConfiguration(folder, await freePorts(3), { dataParts: 2, parityParts: 0 });
  for (const size of sizes) await measure(configuration, size);
  for (const size of sizes) await measureLayouts(folder, size, rounds);
  await measureSlowLines(folder, 256 * 1024 ** 2);
  await measureSmallFiles(folder, 200);
  await measureListings(20_000);
  await measureHedging(folder, rounds);
  measureErasureCodes();
} finally {
  await stopServers();
  await rm(folder, { recursive: true, force: true });
}

async function measure(configuration: Configuration, size: number): Promise<void> {
  await startServers(configuration, servers); // fresh ones, so that a peak belongs to this size
  const direct = configuration.storageServers[0];
  if (!direct) throw new Error('no storage server');
  const { coordinator } = configuration;
  const { fingerprint } = await coordinatorTrust(coordinator);
  if (fingerprint === undefined) throw new Error('the coordinator has no certificate');
  const targets: Readonly<Record<TargetName, Target>> = {
    direct: { server: direct },
    split: { server: coordinator },
    'split, TLS': { server: coordinator, fingerprint },
  };
  const results = targetNames.map((name) => new Result(name));
  console.log(`\n${formatSize(size)}, ${rounds} rounds`);
  for (let round = 0; round < rounds; round++) {
    for (const result of results) {
      const target = targets[result.name];
      for (const direction of directions) {
        const before = servers.map((process) => process.cpu());
        result.times[direction].push(await transfer(direction, target, size));
        for (const [index, process] of servers.entries()) {
          result.cpu[direction][index] =
            (result.cpu[direction][index] ?? 0) + process.cpu() - (before[index] ?? 0);
        }
      }
      await remove(target.server);
    }
    process.stdout.write('.');
  }
  const [onDirect, onSplit, onTls] = results;
  if (!onDirect || !onSplit || !onTls) throw new Error('no results');
  console.log('\n\n| | direct MB/s | split MB/s | split, TLS MB/s | split / direct | TLS / plain |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const direction of directions) {
    const rates = results.map((result) => (size / 1e6 / median(result.times[direction])).toFixed(0));
    const ratios = [onSplit.ratiosTo(onDirect, direction), onTls.ratiosTo(onSplit, direction)];
    console.log(`| ${[direction, ...rates, ...ratios].join(' | ')} |`);
  }
  console.log('\nRatios: the median, and the lowest and the highest of a round.');
  console.log('\n| process | CPU s/GiB up | down | over TLS: up | down | peak memory |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const [index, process] of servers.entries()) {
    const cpu = [onSplit, onTls].flatMap((result) =>
      directions.map((direction) =>
        (((result.cpu[direction][index] ?? 0) / rounds) * (gibibyte / size)).toFixed(2),
      ),
    );
    console.log(`| ${[process.name, ...cpu, `${(process.peak() / 1e6).toFixed(0)} MB`].join(' | ')} |`);
  }
  await stopServers();
}

async function stopServers(): Promise<void> {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
}

function parseSize(text: string): number {
  const [, digits, unit = ''] = /^(\d+)(|KiB|MiB|GiB)$/.exec(text) ?? [];
  if (digits === undefined) throw new Error(`"${text}" is not a size: write 100MiB or 4GiB`);
  return Number(digits) * 1024 ** ['', 'KiB', 'MiB', 'GiB'].indexOf(unit);
}

function formatSize(bytes: number): string {
  return bytes >= gibibyte ? `${bytes / gibibyte} GiB` : `${bytes / 1024 ** 2} MiB`;
}
