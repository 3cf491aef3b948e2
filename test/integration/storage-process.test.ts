import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePorts } from '../ports.ts';
import { connectData, RawClient } from './ftp-raw-client.ts';
import { temporaryFolder } from './ftp-server-fixture.ts';

const main = fileURLToPath(new URL('../../src/storage/main.ts', import.meta.url));

interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

async function envFile(
  lines: readonly string[] = [],
): Promise<{ folder: string; file: string; port: number }> {
  const folder = await temporaryFolder();
  const file = join(folder, '.env');
  const [port = 0] = await freePorts(1);
  const fixed = [
    'FTP_USER=c',
    'FTP_PASSWORD=c',
    'FTP_PORT=1',
    'FTP_USER1=u',
    'FTP_PASSWORD1=p',
    `FTP_PORT1=${port}`,
  ];
  await writeFile(file, [...fixed, ...lines].join('\n'));
  return { folder, file, port };
}

/** Without the variables of the machine the tests run on. */
const environment = { PATH: process.env.PATH };

function run(...args: string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [main, ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]).then(
    ([output, errors, [status]]) => ({ status, output, errors }),
  );
  return { child, ended };
}

describe('the process of a storage server', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('says what it serves, and ends cleanly on %s', async (signal) => {
    const { folder, file, port } = await envFile();
    const { child, ended } = run('1', '--env', file, '--log-level', 'warn');
    await waitForPort(port);
    const client = await RawClient.login(port);
    expect((await client.store('STOR f', 'content')).code).toBe(226);
    expect(await readFile(join(folder, 'storage_folder1', 'f'), 'utf8')).toBe('content');
    const dataPort = await client.passivePort();
    expect((await client.ask('STOR g')).code).toBe(150);
    (await connectData(dataPort)).write('half');
    child.kill(signal);
    const { status, output, errors } = await ended;
    expect([status, errors]).toEqual([0, '']);
    expect(output).toBe(
      `storage server 1 on ftp://127.0.0.1:${port}, folder ${join(folder, 'storage_folder1')}\nready\n`,
    );
    await client.closed();
    await expect(readFile(join(folder, 'storage_folder1', 'g'))).rejects.toThrow('ENOENT');
  });

  it('tells the one that forked it, and ends with it', async () => {
    const { file, port } = await envFile();
    const child = fork(main, ['1', '--env', file], {
      env: environment,
      stdio: 'ignore',
      execPath: process.execPath,
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    expect(await once(child, 'message')).toEqual([{ type: 'ready', port }, undefined]);
    const exit = once(child, 'exit');
    child.disconnect();
    expect(await exit).toEqual([0, null]);
  });

  it('tells the one that forked it why it cannot start', async () => {
    const { file } = await envFile(['FTP_STORAGE_DIR1=.env']);
    const child = fork(main, ['1', '--env', file], {
      env: environment,
      stdio: 'ignore',
      execPath: process.execPath,
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const exit = once(child, 'exit');
    const [message] = await once(child, 'message');
    expect(message).toEqual({
      type: 'failed',
      message: expect.stringContaining('(FTP_STORAGE_DIR1) is a file'),
    });
    expect(await exit).toEqual([1, null]);
  });

  it('names the variable of a port that is in use', async () => {
    const { file, port } = await envFile();
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    const { status, errors, output } = await run('1', '--env', file).ended;
    other.close();
    expect(errors).toBe(
      `storage server: Port ${port} (FTP_PORT1) is in use by another program: stop it or set FTP_PORT1 to a free port.\n`,
    );
    expect([status, output]).toEqual([1, '']);
  });

  it.runIf(process.platform === 'linux')('names the variable of a folder that is not writable', async () => {
    const { file } = await envFile(['FTP_STORAGE_DIR1=/sys/splitftp']);
    const { status, errors } = await run('1', '--env', file).ended;
    expect(errors).toMatch(
      /^storage server: The folder \/sys\/splitftp \(FTP_STORAGE_DIR1\) is .*(writable|read-only)/,
    );
    expect(status).toBe(1);
  });

  it.each([
    [[], 'Say which storage server to run'],
    [['one'], 'Say which storage server to run'],
    [['1', '2'], 'Say which storage server to run'],
    [['1', '--nonsense'], "Unknown option '--nonsense'"],
    [['1', '--log-level', 'loud'], 'There is no log level "loud"'],
    [['1', '--env', '/nonexistent/.env'], '/nonexistent/.env'],
  ])('ends with 2 on wrong usage: %j', async (args, message) => {
    const { status, errors } = await run(...args).ended;
    expect(errors).toContain(message);
    expect(status).toBe(2);
  });

  it('ends with 2 when there is no such storage server', async () => {
    const { file } = await envFile();
    const { status, errors } = await run('2', '--env', file).ended;
    expect(errors).toContain('there is no storage server 2');
    expect(status).toBe(2);
  });
});

/** Resolves when a server greets on this port; the test's own time-out ends a wait in vain. */
async function waitForPort(port: number): Promise<void> {
  for (;;) {
    const client = await RawClient.connect(port).catch(() => undefined);
    if (client) return client.destroy();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
