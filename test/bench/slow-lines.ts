/**
 * `node test/bench/slow-lines.ts`, after `npm run build`: what SplitFTP is for. Each storage server stands
 * behind a line of its own that is slower than any disk; one of them directly, and layouts over several.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Configuration } from '../../src/config/configuration.ts';
import { freePorts } from '../ports.ts';
import { makeConfiguration } from './configuration.ts';
import { Line, type LineSpeed } from './line.ts';
import { type Direction, directions, median } from './result.ts';
import { type ServerProcess, startCoordinator, startStorageServers } from './server-process.ts';
import { remove, transfer } from './transfer.ts';

const speed: LineSpeed = { bytesPerSecond: 20_000_000, delay: 5 };
const rounds = 3;
const layouts = [
  { dataParts: 2, parityParts: 0 },
  { dataParts: 2, parityParts: 1 },
  { dataParts: 4, parityParts: 2 },
] as const;

/** Prints MB/s, and how many times as fast each layout is as one storage server alone. */
export async function measureSlowLines(parent: string, size: number): Promise<void> {
  const folder = await mkdtemp(join(parent, 'splitftp-lines-'));
  const rate = `${speed.bytesPerSecond / 1e6} MB/s, ${speed.delay} ms`;
  console.log(`\nstorage servers behind lines of ${rate} each, ${size / 1024 ** 2} MiB, ${rounds} rounds\n`);
  console.log('| | up MB/s | of one server | down MB/s | of one server |\n| --- | --- | --- | --- | --- |');
  try {
    const base = await measureLayout(join(folder, 'direct'), undefined, size);
    print('one storage server, directly', base, base, size);
    for (const layout of layouts) {
      const name = `${layout.dataParts}+${layout.parityParts}`;
      print(name, await measureLayout(join(folder, name), layout, size), base, size);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Seconds = Readonly<Record<Direction, number>>;

/** @param layout without one: a storage server alone */
async function measureLayout(
  folder: string,
  layout: Configuration['layout'] | undefined,
  size: number,
): Promise<Seconds> {
  const parts = layout ? layout.dataParts + layout.parityParts : 1;
  const own = layout ?? { dataParts: 1, parityParts: 0 };
  const configuration = makeConfiguration(folder, await freePorts(1 + parts), own);
  const servers: ServerProcess[] = [];
  const lines: Line[] = [];
  try {
    await startStorageServers(configuration, servers);
    for (const { port } of configuration.storageServers) lines.push(await Line.to(port, speed));
    const storageServers = configuration.storageServers.map((server, index) => ({
      ...server,
      port: lines[index]?.port ?? server.port,
    }));
    if (layout) servers.push(await startCoordinator({ ...configuration, storageServers }));
    const [alone] = storageServers;
    const server = layout || !alone ? configuration.coordinator : alone;
    const times: Readonly<Record<Direction, number[]>> = { up: [], down: [] };
    for (let round = 0; round < rounds; round++) {
      for (const direction of directions) times[direction].push(await transfer(direction, { server }, size));
      await remove(server);
    }
    return { up: median(times.up), down: median(times.down) };
  } finally {
    for (const server of servers.toReversed()) await server.stop();
    for (const line of lines) line.close();
  }
}

function print(name: string, seconds: Seconds, base: Seconds, size: number): void {
  const figures = directions.map((direction) => {
    const rate = (size / 1e6 / seconds[direction]).toFixed(1);
    return `${rate} | ${(base[direction] / seconds[direction]).toFixed(2)}`;
  });
  console.log(`| ${[name, ...figures].join(' | ')} |`);
}

if (import.meta.main) await measureSlowLines(tmpdir(), 256 * 1024 ** 2);
