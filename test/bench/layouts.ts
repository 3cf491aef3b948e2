/** Uploads and downloads in several layouts, each over storage servers of its own, in turn. */
import { join } from 'node:path';
import type { Configuration } from '../../src/config/configuration.ts';
import { freePorts } from '../ports.ts';
import { makeConfiguration } from './configuration.ts';
import { type Direction, directions, median } from './result.ts';
import { type ServerProcess, startServers } from './server-process.ts';
import { remove, transfer } from './transfer.ts';

const layouts = [
  { dataParts: 2, parityParts: 0 },
  { dataParts: 2, parityParts: 1 },
  { dataParts: 4, parityParts: 2 },
] as const;

/** A layout under measurement; a download without the first data part has to compute it. */
interface Candidate {
  readonly name: string;
  readonly configuration: Configuration;
  readonly servers: ServerProcess[];
  /** Bytes stored for each byte of a file. */
  readonly expansion: number;
  /** In seconds. */
  readonly times: Readonly<Record<Direction | 'degraded', number[]>>;
  /** CPU seconds of the coordinator. */
  readonly cpu: Record<Direction | 'degraded', number>;
}

/** Prints MB/s, and how fast each layout is compared to 2+0 when the bytes that it stores are counted. */
export async function measureLayouts(folder: string, size: number, rounds: number): Promise<void> {
  const candidates: Candidate[] = [];
  try {
    for (const layout of layouts) candidates.push(await prepare(folder, layout));
    console.log(`\nlayouts, ${(size / 1024 ** 2).toFixed(0)} MiB, ${rounds} rounds`);
    for (let round = 0; round < rounds; round++) {
      for (const candidate of candidates) await measure(candidate, size);
      process.stdout.write('.');
    }
    print(candidates, size, rounds);
  } finally {
    await Promise.all(candidates.flatMap(({ servers }) => servers).map((server) => server.stop()));
  }
}

async function prepare(folder: string, layout: Configuration['layout']): Promise<Candidate> {
  const { dataParts, parityParts } = layout;
  const name = `${dataParts}+${parityParts}`;
  const ports = await freePorts(1 + dataParts + parityParts);
  const configuration = makeConfiguration(join(folder, name), ports, layout);
  const servers: ServerProcess[] = [];
  try {
    await startServers(configuration, servers);
  } catch (error) {
    await Promise.all(servers.map((server) => server.stop()));
    throw error;
  }
  return {
    name,
    configuration,
    servers,
    expansion: (dataParts + parityParts) / dataParts,
    times: { up: [], down: [], degraded: [] },
    cpu: { up: 0, down: 0, degraded: 0 },
  };
}

async function measure({ configuration, servers, times, cpu }: Candidate, size: number): Promise<void> {
  const { coordinator, layout } = configuration;
  const process = servers.at(-1);
  const [first] = servers;
  if (!process || !first) throw new Error('no servers');
  const run = async (job: Direction | 'degraded') => {
    const before = process.cpu();
    times[job].push(await transfer(job === 'up' ? 'up' : 'down', { server: coordinator }, size));
    cpu[job] += process.cpu() - before;
  };
  for (const direction of directions) await run(direction);
  if (layout.parityParts > 0) {
    await first.stop();
    await run('degraded');
    await first.restart();
  }
  await remove(coordinator);
}

function print(candidates: readonly Candidate[], size: number, rounds: number): void {
  const [base] = candidates;
  if (!base) return;
  const gibibytes = (size / 1024 ** 3) * rounds;
  console.log(
    '\n\n| layout | up MB/s | of 2+0, bytes counted | down MB/s | of 2+0 | one server down: MB/s | coordinator CPU s/GiB: up | down | degraded |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const { name, times, cpu, expansion } of candidates) {
    const rate = (job: Direction | 'degraded') => (size / 1e6 / median(times[job])).toFixed(0);
    const ratio = (job: Direction, bytes: number) =>
      ((median(base.times[job]) * bytes) / median(times[job])).toFixed(2);
    const isRedundant = times.degraded.length > 0;
    const row = [
      name,
      rate('up'),
      ratio('up', expansion),
      rate('down'),
      ratio('down', 1),
      isRedundant ? rate('degraded') : '',
      (cpu.up / gibibytes).toFixed(2),
      (cpu.down / gibibytes).toFixed(2),
      isRedundant ? (cpu.degraded / gibibytes).toFixed(2) : '',
    ];
    console.log(`| ${row.join(' | ')} |`);
  }
}
