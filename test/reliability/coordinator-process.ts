import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'basic-ftp';
import { toEnvironment } from '../../src/config/load.ts';
import { ChildServer } from '../../src/servers/child-server.ts';
import { openSession } from '../integration/ftp-session.ts';
import type { Rig } from './rig.ts';

const program = resolve(import.meta.dirname, '../../src/coordinator/main.ts');

/** The coordinator of a rig as a process of its own, to be killed or measured. */
export class CoordinatorProcess {
  readonly address: Rig['address'];
  readonly #server: ChildServer;

  constructor(rig: Rig, port: number, environment: Readonly<Record<string, string>>) {
    const { coordinator } = rig.configuration;
    const configuration = { ...rig.configuration, coordinator: { ...coordinator, port } };
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    this.address = configuration.coordinator;
    this.#server = new ChildServer({
      name: 'coordinator',
      program,
      args: [],
      environment: { PATH, NODE_COMPILE_CACHE, ...toEnvironment(configuration), ...environment },
      onLine: () => {},
    });
  }

  get pid(): number {
    if (this.#server.pid === undefined) throw new Error('the coordinator does not run');
    return this.#server.pid;
  }

  async session(): Promise<Client> {
    await this.#server.ready;
    return openSession(this.address);
  }

  /** Whether it has ended by SIGKILL, or does so within a moment. */
  async wasKilled(): Promise<boolean> {
    const how = await Promise.race([this.#server.gone, delay(2_000, '')]);
    if (how !== '' && !how.includes('SIGKILL')) throw new Error(how);
    return how !== '';
  }

  async end(): Promise<void> {
    await this.#server.stop();
  }
}
