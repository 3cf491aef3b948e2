import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Client } from 'basic-ftp';
import type { Configuration } from '../../src/config/configuration.ts';
import type { Direction } from './result.ts';

const run = promisify(execFile);

type Server = Configuration['coordinator'] | Configuration['storageServers'][number];

export interface Target {
  readonly server: Server;
  /** Of the certificate, when the transfer goes over TLS. */
  readonly fingerprint?: string;
}

/** Moves so many bytes to or from `/bench`, by a process of its own. @returns seconds */
export async function transfer(
  direction: Direction,
  { server: { port, account }, fingerprint }: Target,
  size: number,
): Promise<number> {
  const args = ['test/bench/load.ts', direction, String(port), account.user, '/bench', String(size)];
  if (fingerprint !== undefined) args.push(fingerprint);
  const { stdout } = await run(process.execPath, args, {
    env: { ...process.env, LOAD_PASSWORD: account.password },
  });
  return Number(stdout);
}

export async function remove({ port, account }: Server): Promise<void> {
  const client = new Client();
  await client.access({ host: '127.0.0.1', port, ...account });
  await client.remove('/bench');
  client.close();
}
