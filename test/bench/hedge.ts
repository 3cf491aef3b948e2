/**
 * `node test/bench/hedge.ts [--rounds 5] [--folder DIR]`, after `npm run build`: downloads of 100 MiB at 2+1 while the
 * storage server of the first data part gives every reply one second late. All storage servers stand behind a proxy,
 * which costs the same whether it waits or not.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { Client } from 'basic-ftp';
import { SplitClient } from '../../src/client/split-client.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { toEnvironment } from '../../src/config/load.ts';
import { freePorts } from '../ports.ts';
import { FaultProxy } from '../reliability/fault-proxy.ts';
import { makeConfiguration } from './configuration.ts';
import { median } from './result.ts';
import { ServerProcess } from './server-process.ts';
import { transfer } from './transfer.ts';

const size = 100 * 1024 ** 2;
/** Milliseconds. */
const lateness = 1000;
const quiet = ['--log-level', 'warn'];

interface Times {
  /** Milliseconds from RETR to the first byte, and to the last one. */
  readonly first: number[];
  readonly last: number[];
}

/** Prints milliseconds: the median, and the lowest and the highest of a round. */
export async function measureHedging(parent: string, rounds: number): Promise<void> {
  const folder = await mkdtemp(join(parent, 'splitftp-hedge-'));
  const servers: ServerProcess[] = [];
  const proxies: FaultProxy[] = [];
  try {
    const layout = { dataParts: 2, parityParts: 1 };
    const direct = makeConfiguration(folder, await freePorts(4), layout);
    for (const { number, port } of direct.storageServers) {
      servers.push(await start(direct, `storage server ${number}`, 'dist/storage.js', [String(number)]));
      proxies.push(await FaultProxy.start({ port }));
    }
    const storageServers = direct.storageServers.map((server, index) => ({
      ...server,
      port: proxies[index]?.port ?? server.port,
    }));
    const configuration = { ...direct, storageServers };
    const coordinator = await start(configuration, 'coordinator', 'dist/coordinator.js', []);
    servers.push(coordinator);

    const server = configuration.coordinator;
    await transfer('up', { server }, size);
    const [part] = await new SplitClient(server).where('/bench');
    const slow = proxies[(part?.number ?? 0) - 1];
    if (!slow) throw new Error('the first part is nowhere');
    const results = new Map<string, Times>();
    for (let round = 0; round < rounds; round++) {
      slow.latency = 0;
      await coordinator.stop(); // It would remember who was slow.
      await coordinator.restart();
      await download(configuration); // Now it has connections.
      await measure('all answer at once', configuration, results);
      slow.latency = lateness;
      await measure('one answers 1 s late', configuration, results);
      await measure('the same, again', configuration, results);
      process.stdout.write('.');
    }
    print(results, rounds);
  } finally {
    for (const proxy of proxies) proxy.latency = 0;
    for (const server of servers.reverse()) await server.stop(); // The coordinator first: it would tell of the others.
    await Promise.all(proxies.map((proxy) => proxy.down()));
    await rm(folder, { recursive: true, force: true });
  }
}

function start(
  configuration: Configuration,
  name: string,
  program: string,
  args: readonly string[],
): Promise<ServerProcess> {
  const environment = { ...process.env, ...toEnvironment(configuration) };
  return ServerProcess.start(name, program, [...args, ...quiet], environment);
}

async function measure(
  name: string,
  configuration: Configuration,
  results: Map<string, Times>,
): Promise<void> {
  const { first, last } = await download(configuration);
  const times = results.get(name) ?? { first: [], last: [] };
  times.first.push(first);
  times.last.push(last);
  results.set(name, times);
}

async function download({
  coordinator: { port, account },
}: Configuration): Promise<{ readonly first: number; readonly last: number }> {
  const client = new Client();
  try {
    await client.access({ host: '127.0.0.1', port, ...account });
    let received = 0;
    let first = 0;
    const began = performance.now();
    const sink = new Writable({
      highWaterMark: 1024 * 1024,
      write(piece: Buffer, _encoding, done) {
        if (received === 0) first = performance.now() - began;
        received += piece.length;
        done();
      },
    });
    await client.downloadTo(sink, '/bench');
    if (received !== size) throw new Error(`${received} of ${size} bytes arrived`);
    return { first, last: performance.now() - began };
  } finally {
    client.close();
  }
}

function print(results: ReadonlyMap<string, Times>, rounds: number): void {
  const range = (times: readonly number[]) =>
    `${median(times).toFixed(0)} (${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)})`;
  console.log(`\n\nslow storage server, 2+1, ${size / 1024 ** 2} MiB, ${rounds} rounds, ms\n`);
  console.log('| storage servers | first byte | last byte |');
  console.log('| --- | --- | --- |');
  for (const [name, { first, last }] of results)
    console.log(`| ${name} | ${range(first)} | ${range(last)} |`);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '5' }, folder: { type: 'string', default: tmpdir() } },
  });
  await measureHedging(values.folder, Number(values.rounds));
}
