/** What people ask of upkeep: the commands, and SITE from any FTP client; against real processes. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { StorageServerReport } from '../../src/site/reports.ts';
import { flipBit } from './bit-flip.ts';
import { type Outcome, splitftp } from './command.ts';
import { content } from './content.ts';
import { startServers, type TestServers } from './servers.ts';
import { partFile } from './stored-parts.ts';

/** Each command is a process: seconds on a machine with much else to do. */
const timeout = 300_000;
let servers: TestServers;

beforeAll(async () => {
  servers = await startServers({
    storageServers: 4,
    settings: { FTP_DATA_PARTS: '2', FTP_PARITY_PARTS: '1', FTP_UPKEEP_RATE: '1000' },
  });
  const local = join(servers.folder, 'file');
  await writeFile(local, content(300_000, 1));
  const client = servers.client();
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await client.uploadFile(local, `/folder/${name}`);
}, timeout);
afterAll(() => servers?.stop());

const run = (...args: string[]): Promise<Outcome> =>
  splitftp([...args, '--env', servers.envFile], servers.folder);

async function succeed(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(...args);
  // On a busy machine it may have had to wait.
  const errors = stderr.replaceAll(/^waiting: .*\n/gm, '');
  expect({ status, errors }).toEqual({ status: 0, errors: '' });
  return stdout;
}

async function serverReport(number: number): Promise<StorageServerReport> {
  for (const report of await servers.client().status()) {
    if (report.kind === 'storage server' && report.number === number) return report;
  }
  throw new Error(`there is no report of storage server ${number}`);
}

async function missingParts(): Promise<number> {
  const reports = await servers.client().status();
  return reports.reduce((sum, report) => (report.kind === 'storage server' ? sum + report.missing : sum), 0);
}

describe('upkeep by hand', { timeout }, () => {
  test('verify says what is wrong, with exit status 1, and what is wrong is repaired', async () => {
    expect(await succeed('verify')).toMatch(/^18 of 18 parts, .*: all right$/m);
    expect(await succeed('status')).toMatch(/^Health: every file is whole$/m);
    const [first, second] = await servers.client().where('/folder/a');
    if (!first) throw new Error('the file has no part');
    expect(first).toMatchObject({ state: 'stored' });
    await flipBit(partFile(servers, first), 20_000);
    const { status, stdout } = await run('verify', '/folder/a');
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /\/folder\/a +0\.0 +\d +damaged +part 1 of the file, on storage server \d .* has wrong bytes/,
    );
    expect(stdout).toMatch(/: 1 damaged$/m);
    await succeed('repair', '--wait');
    if (!second) throw new Error('the file has no second part');
    await rm(partFile(servers, second));
    const found = await run('verify', '--json', 'folder');
    expect(found.status).toBe(1);
    const report = v.parse(v.object({ missing: v.number(), damaged: v.number() }), JSON.parse(found.stdout));
    expect(report).toEqual({ missing: 1, damaged: 0 });
    await vi.waitFor(async () => expect(await missingParts()).toBe(0), { timeout });
  });

  test('repair --server finds what is gone from that server', async () => {
    const parts = (await servers.client().where('/folder/b')).concat(
      await servers.client().where('/folder/c'),
    );
    const [{ number } = { number: 0 }] = parts;
    for (const part of parts.filter((part) => part.number === number)) await rm(partFile(servers, part));
    await succeed('repair', '--server', String(number), '--wait');
    expect(await succeed('verify')).toMatch(/all right/);
  });

  test('drain --wait, status, and --undo', async () => {
    expect(await succeed('drain', '--wait', '3')).toMatch(/^storage server 3: drained: .*delete FTP_USER3/);
    expect(await serverReport(3)).toMatchObject({ state: 'drained', draining: true, parts: 0, missing: 0 });
    await succeed('drain', '--undo', '3');
    await vi.waitFor(async () =>
      expect(await serverReport(3)).toMatchObject({ state: 'up', draining: false }),
    );
    expect(await succeed('rebalance', '--wait')).toMatch(/moved|where it belongs/);
    expect(await succeed('verify')).toMatch(/all right/);
  });

  test('a server that is down: files are degraded, its parts unreachable', async () => {
    const [part] = await servers.client().where('/folder/d');
    const number = part?.number ?? 0;
    await servers.kill(`storage ${number}`);
    const { status, stdout } = await run('verify', '/folder/d');
    expect(status).toBe(1);
    expect(stdout).toMatch(/: 1 on servers that are down$/m);
    expect(await succeed('status')).toMatch(/^Health: .*degraded$/m);
    expect(await succeed('where', '/folder/d')).toMatch(/unreachable/);
    await servers.restart(`storage ${number}`);
    await vi.waitFor(async () => expect(await succeed('status')).toMatch(/^Health: every file is whole$/m), {
      timeout,
    });
  });

  test('what cannot be is refused with a sentence', async () => {
    expect(await run('drain', 'two')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/not the number/),
    });
    expect(await run('drain', '9')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/no storage server 9/),
    });
    expect(await run('verify', '/none')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/\/none does not exist/),
    });
  });
});
