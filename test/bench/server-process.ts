import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import * as v from 'valibot';
import type { Configuration } from '../../src/config/configuration.ts';
import { toEnvironment } from '../../src/config/load.ts';
import { serverNodeOptions } from '../../src/servers/child-server.ts';

const ready = v.object({ type: v.literal('ready'), port: v.number() });
/** Linux counts CPU time in hundredths of a second. */
const ticksPerSecond = 100;

/** A server under measurement: one of the programs in `dist/`, and what its process consumes (Linux only). */
export class ServerProcess {
  readonly name: string;
  readonly #start: () => Promise<ChildProcess>;
  #child: ChildProcess;

  private constructor(name: string, start: () => Promise<ChildProcess>, child: ChildProcess) {
    this.name = name;
    this.#start = start;
    this.#child = child;
  }

  static async start(
    name: string,
    program: string,
    args: readonly string[],
    environment: NodeJS.ProcessEnv,
  ): Promise<ServerProcess> {
    const start = async () => {
      const child = fork(program, args, {
        env: environment,
        execArgv: [...serverNodeOptions],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      const message = await Promise.race([
        once(child, 'message').then(([first]) => first),
        once(child, 'exit').then(() => undefined),
      ]);
      v.parse(ready, message, { message: `${name} did not start` });
      return child;
    };
    return new ServerProcess(name, start, await start());
  }

  /** Again, after {@link stop}. */
  async restart(): Promise<void> {
    this.#child = await this.#start();
  }

  /** CPU seconds since its start. */
  cpu(): number {
    const stat = this.#read('stat')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(stat[11]) + Number(stat[12])) / ticksPerSecond; // utime and stime of proc(5)
  }

  /** Highest resident memory since the last {@link resetPeak}, in bytes. */
  peak(): number {
    return Number(/VmHWM:\s+(\d+) kB/.exec(this.#read('status'))?.[1] ?? Number.NaN) * 1024;
  }

  resetPeak(): void {
    writeFileSync(`/proc/${this.#child.pid}/clear_refs`, '5');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill();
    await exit;
  }

  #read(file: string): string {
    return readFileSync(`/proc/${this.#child.pid}/${file}`, 'utf8');
  }
}

const quiet = ['--log-level', 'warn'];

/** Starts all servers of a configuration; those that have started are in `servers` also when it rejects. */
export async function startServers(configuration: Configuration, servers: ServerProcess[]): Promise<void> {
  await startStorageServers(configuration, servers);
  servers.push(await startCoordinator(configuration));
}

/** As {@link startServers}, without the coordinator. */
export async function startStorageServers(
  configuration: Configuration,
  servers: ServerProcess[],
): Promise<void> {
  for (const { number } of configuration.storageServers) {
    const args = [String(number), ...quiet];
    const name = `storage server ${number}`;
    servers.push(await ServerProcess.start(name, 'dist/storage.js', args, environmentOf(configuration)));
  }
}

export async function startCoordinator(configuration: Configuration): Promise<ServerProcess> {
  return ServerProcess.start('coordinator', 'dist/coordinator.js', quiet, environmentOf(configuration));
}

function environmentOf(configuration: Configuration): NodeJS.ProcessEnv {
  return { ...process.env, ...toEnvironment(configuration) };
}
