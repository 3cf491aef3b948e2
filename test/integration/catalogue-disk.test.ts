/** The disk of the catalogue is full or fails: nothing that was acknowledged is lost, clients are told, and it goes on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FTPError } from 'basic-ftp';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { mayMount, smallDisk } from '../disks.ts';
import { isPresent } from '../tools.ts';
import { content } from './content.ts';
import { openSession, retrieve, store } from './ftp-session.ts';
import { startServers, type TestServers } from './servers.ts';

vi.setConfig({ testTimeout: 300_000 });

const bytes = content(1_000, 1);

/** Stores files until one is refused. @returns the names of those that were not */
async function storeUntilRefused(
  servers: TestServers,
  prefix: string,
  most: number,
): Promise<[string[], unknown]> {
  const session = await openSession(servers.configuration.coordinator);
  const stored: string[] = [];
  try {
    for (let index = 0; index < most; index++) {
      const name = `/${prefix}${index}`;
      await store(session, name, bytes);
      stored.push(name);
    }
    return [stored, undefined];
  } catch (error) {
    return [stored, error];
  } finally {
    session.close();
  }
}

async function expectStored(servers: TestServers, names: readonly string[]): Promise<void> {
  const session = await openSession(servers.configuration.coordinator);
  const listed = new Set((await session.list()).map(({ name }) => `/${name}`));
  expect(names.filter((name) => !listed.has(name))).toEqual([]);
  for (const name of names.slice(-5)) expect((await retrieve(session, name)).equals(bytes)).toBe(true);
  session.close();
}

describe.runIf(mayMount())('a full disk', () => {
  test('refuses changes with 452, loses nothing, and goes on when there is space again', async () => {
    const disk = await smallDisk('3m');
    const servers = await startServers({ settings: { FTP_SERVER_DIR: join(disk, 'coordinator') } });
    onTestFinished(() => servers.stop());
    const [before] = await storeUntilRefused(servers, 'before', 5);
    const { bavail, bsize } = await statfs(disk);
    await writeFile(join(disk, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize - 64 * 1024)));
    const [during, refusal] = await storeUntilRefused(servers, 'during', 500);
    expect(refusal).toBeInstanceOf(FTPError);
    expect(String(refusal)).toMatch(/452 .*the disk of the coordinator's catalogue is full/);
    await expectStored(servers, [...before, ...during]);
    await rm(join(disk, 'ballast'));
    const [after, later] = await storeUntilRefused(servers, 'after', 5);
    expect(later).toBeUndefined();
    await servers.kill('coordinator');
    await servers.restart('coordinator');
    await expectStored(servers, [...before, ...during, ...after]);
  });
});

describe.runIf(isPresent('strace') && mayMount())('an fsync that fails', () => {
  /** From now on every fsync of the process fails. */
  async function failFsyncs(pid: number): Promise<ChildProcess> {
    const failing = ['-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:error=EIO'];
    const tracer = spawn('strace', ['-f', '-p', String(pid), ...failing, '-o', '/dev/null'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    onTestFinished(() => void tracer.kill('SIGKILL'));
    await once(tracer.stderr, 'data'); // "Process ... attached"
    return tracer;
  }

  test('ends all changes until the next start, and what was acknowledged is there then', async () => {
    const servers = await startServers();
    onTestFinished(() => servers.stop());
    const [before] = await storeUntilRefused(servers, 'before', 5);
    const tracer = await failFsyncs(servers.pid('coordinator'));
    const [during, refusal] = await storeUntilRefused(servers, 'during', 50);
    expect(String(refusal)).toMatch(
      /451 .*the disk of the coordinator's catalogue failed; nothing can be changed/,
    );
    tracer.kill('SIGKILL');
    await once(tracer, 'exit');
    const [none, again] = await storeUntilRefused(servers, 'again', 5);
    expect(none).toEqual([]);
    expect(String(again)).toMatch(/451 .*until the coordinator is started again/);
    await expectStored(servers, [...before, ...during]);
    await servers.kill('coordinator');
    await servers.restart('coordinator');
    const [after, later] = await storeUntilRefused(servers, 'after', 5);
    expect(later).toBeUndefined();
    await expectStored(servers, [...before, ...during, ...after]);
  });
});
