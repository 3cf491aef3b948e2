/** What goes wrong at a user's machine: each a message that names cause and remedy, and the documented exit status. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfiguration } from '../../src/config/load.ts';
import { mayMount } from '../disks.ts';
import { RunningCommand, splitftp } from './command.ts';
import { content, firstDifference } from './content.ts';
import { openSession, retrieve, store } from './ftp-session.ts';
import { startServers, type TestServers, writeEnvFile } from './servers.ts';
import { expectOnlyParts } from './stored-parts.ts';

describe('the servers do not start', () => {
  let folder: string;
  let envFile: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'splitftp-trouble-'));
    envFile = await writeEnvFile(folder);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** A command fails with this status and message; no password is in it, nothing is left listening. */
  async function expectFailure(
    args: string[],
    status: number,
    ...messages: (string | RegExp)[]
  ): Promise<void> {
    const outcome = await splitftp(args, folder);
    for (const message of messages) expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).not.toMatch(/^\s+at /m); // A stack trace is for defects.
    expect(outcome.stdout + outcome.stderr).not.toMatch(/password[12]?\b/);
    expect(outcome.status).toBe(status);
    expect(outcome.stdout).not.toContain('ready');
  }

  async function listen(port: number): Promise<Server> {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }

  async function expectFree(ports: readonly number[]): Promise<void> {
    for (const port of ports) {
      const server = await listen(port);
      server.close();
      await once(server, 'close');
    }
  }

  const ports = async () => {
    const { coordinator, storageServers } = await loadConfiguration({ envFile, environment: {} });
    return { coordinator: coordinator.port, storage: storageServers.map(({ port }) => port) };
  };

  test.each([
    { args: ['storage', '2'], variable: 'FTP_PORT2', port: async () => (await ports()).storage[1] },
    { args: ['coordinator'], variable: 'FTP_PORT', port: async () => (await ports()).coordinator },
    { args: ['serve'], variable: 'FTP_PORT2', port: async () => (await ports()).storage[1] },
    { args: ['serve'], variable: 'FTP_PORT', port: async () => (await ports()).coordinator },
  ])('$args with $variable in use', async ({ args, variable, port }) => {
    const taken = (await port()) ?? 0;
    const other = await listen(taken);
    await expectFailure(args, 1, `Port ${taken} (${variable}) is in use`, `set ${variable} to a free port`);
    other.close();
    await once(other, 'close');
    const { coordinator, storage } = await ports();
    await expectFree([coordinator, ...storage]);
  });

  test.each([
    { args: ['storage', '1'], variable: 'FTP_STORAGE_DIR1', blocked: 'storage_folder1' },
    { args: ['coordinator'], variable: 'FTP_SERVER_DIR', blocked: 'server_folder' },
    { args: ['serve'], variable: 'FTP_STORAGE_DIR2', blocked: 'storage_folder2' },
    { args: ['serve'], variable: 'FTP_SERVER_DIR', blocked: 'server_folder' },
  ])('$args where the folder of $variable is a file', async ({ args, variable, blocked }) => {
    await writeFile(join(folder, blocked), 'a file');
    await expectFailure(args, 1, join(folder, blocked), `(${variable})`, `set ${variable} to`);
    const { coordinator, storage } = await ports();
    await expectFree([coordinator, ...storage]);
    expect(await readFile(join(folder, blocked), 'utf8')).toBe('a file');
  });

  describe.runIf(mayMount())('on a disk that cannot be written to', () => {
    test.each([
      { args: ['storage', '1'], variable: 'FTP_STORAGE_DIR1', mounted: 'storage_folder1' },
      { args: ['coordinator'], variable: 'FTP_SERVER_DIR', mounted: 'server_folder' },
    ])('$args', async ({ args, variable, mounted }) => {
      await withDisk(join(folder, mounted), 'ro', () =>
        expectFailure(args, 1, join(folder, mounted), `(${variable})`, /read-?only/),
      );
    });
  });

  test.each([
    ['FTP_PORT2=70000', 'FTP_PORT2', '1 to 65535'],
    ['FTP_PORT2=ftp', 'FTP_PORT2', '1 to 65535'],
    ['FTP_PASSWORT1=x', 'FTP_PASSWORT1 is not a known variable', 'did you mean FTP_PASSWORD1?'],
    ['FTP_USER3=three', 'FTP_PASSWORD3 is missing', 'add it'],
    ['FTP_PASSWORD=', 'FTP_PASSWORD is empty', 'give it a value'],
    ['FTP_DATA_PARTS=3', 'FTP_DATA_PARTS is "3"', 'write a whole number from 1 to 2'],
    ['FTP_PARITY_PARTS=2', 'FTP_PARITY_PARTS is "2"', 'write a whole number from 0 to 1'],
    ['FTP_SERVER=ftp://127.0.0.1', 'FTP_SERVER', 'without ftp://'],
    ['FTP_STORAGE_DIR2=storage_folder1', 'FTP_STORAGE_DIR1 and FTP_STORAGE_DIR2', 'a folder of its own'],
    ['FTP_SERVER_DIR=storage_folder1/x', 'FTP_SERVER_DIR', 'outside the storage servers'],
    ['this is no assignment', 'is not NAME=value', 'correct it'],
  ])('with %j in .env', async (line, ...messages) => {
    await appendFile(envFile, `${line}\n`);
    await expectFailure(['serve'], 2, envFile, ...messages);
    await expectFailure(['upload', envFile], 2, envFile, ...messages);
  });

  test('with everything that is wrong said at once', async () => {
    const { storage } = await ports();
    await appendFile(envFile, `FTP_PORT=${storage[0]}\nFTP_PORT2=0\nFTP_UESR=x\n`);
    await expectFailure(
      ['serve'],
      2,
      'FTP_PORT and FTP_PORT1 are both',
      'FTP_PORT2',
      'did you mean FTP_USER?',
    );
  });

  test('without the .env that was named', async () => {
    await expectFailure(['serve', '--env', 'missing.env'], 2, 'missing.env', 'there is no such file');
  });

  test('for a storage server that is not in .env, or is no number', async () => {
    await expectFailure(['storage', '3'], 2, 'there is no storage server 3', 'set FTP_USER3');
    await expectFailure(['storage', 'first'], 2, 'whole number');
    await expectFailure(['nonsense'], 2, 'nonsense');
  });

  test('and a client says that no coordinator answers', async () => {
    const { coordinator } = await ports();
    await expectFailure(['ls'], 1, `No coordinator answers at 127.0.0.1:${coordinator}`, 'splitftp serve');
  });
});

describe('the servers run', () => {
  let servers: TestServers;

  beforeEach(async () => {
    servers = await startServers();
  });
  afterEach(() => servers.stop());

  /** The same `.env` with other values; the last assignment of a variable counts. */
  async function changed(...lines: string[]): Promise<string> {
    const path = join(servers.folder, 'changed.env');
    await writeFile(path, `${await readFile(servers.envFile, 'utf8')}${lines.join('\n')}\n`);
    return path;
  }

  test('a wrong password of the client', async () => {
    const envFile = await changed('FTP_PASSWORD=mistaken');
    const outcome = await splitftp(['ls', '--env', envFile], servers.folder);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toMatch(/refuses the user "user": check FTP_USER and FTP_PASSWORD/);
    expect(outcome.stderr).not.toContain('mistaken');
  });

  test('a wrong password of a storage server', async () => {
    await servers.kill('coordinator');
    const envFile = await changed('FTP_PASSWORD2=mistaken');
    const coordinator = await new RunningCommand(['coordinator', '--env', envFile], servers.folder).ready();
    await writeFile(join(servers.folder, 'file'), 'content');
    const outcome = await splitftp(['upload', '--env', envFile, 'file'], servers.folder);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toMatch(
      /storage server 2 \(127\.0\.0\.1:\d+\) refuses the login: check FTP_USER2 and FTP_PASSWORD2/,
    );
    const { stdout, status } = await splitftp(['status', '--env', envFile], servers.folder);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ *2 .* down .*refuses the login/m);
    expect(coordinator.output + outcome.stdout + outcome.stderr + stdout).not.toMatch(/mistaken|password1/);
    expect(await coordinator.stop()).toMatchObject({ status: 0 });
  });

  test('no password is in what the servers print', async () => {
    const session = await openSession(servers.configuration.coordinator);
    await store(session, '/file', Buffer.from('content'));
    session.close();
    for (const name of ['storage 1', 'storage 2', 'coordinator'] as const) {
      expect(servers.output(name).join('\n')).not.toContain('password');
    }
  });

  describe.runIf(mayMount())('on a disk that is full', () => {
    const old = content(1_000_000, 1);
    const big = content(40_000_000, 2);

    test('of a storage server: the upload fails, all else stays, and smaller files still go', async () => {
      await servers.kill('storage 2');
      const folder = servers.configuration.storageServers[1]?.folder ?? '';
      await withDisk(folder, 'size=8m', async () => {
        await servers.restart('storage 2');
        const session = await openSession(servers.configuration.coordinator);
        await store(session, '/file', old);
        await expect(store(session, '/file', big)).rejects.toThrow(/452 .*storage server 2 \(.*\) is full/);
        session.close();
        await writeFile(join(servers.folder, 'big'), big);
        const { failures } = await servers.client().uploadFile(join(servers.folder, 'big'), '/big');
        expect(failures).toEqual([
          {
            path: join(servers.folder, 'big'),
            message: expect.stringMatching(/storage server 2 \(.*\) is full/),
          },
        ]);
        const later = await openSession(servers.configuration.coordinator);
        expect(firstDifference(await retrieve(later, '/file'), old)).toBeUndefined();
        await store(later, '/small', old);
        later.close();
        const parts = await Promise.all(['/file', '/small'].map((path) => servers.client().where(path)));
        await expectOnlyParts(servers, parts.flat());
        await servers.kill('storage 2');
      });
    });

    test('of the coordinator: the upload fails, all else stays, and it goes on when there is room', async () => {
      await servers.kill('coordinator');
      const { folder } = servers.configuration.coordinator;
      await withDisk(folder, 'size=1m', async () => {
        await servers.restart('coordinator');
        let session = await openSession(servers.configuration.coordinator);
        await store(session, '/file', old);
        await writeFile(join(folder, 'ballast'), Buffer.alloc(2_000_000)).catch(() => undefined);
        await expect(
          (async () => {
            for (let index = 0; index < 200; index++) await store(session, `/x${index}`, Buffer.from('x'));
          })(),
        ).rejects.toThrow(/4\d\d .*(full|FTP_SERVER_DIR)/);
        session.close();
        session = await openSession(servers.configuration.coordinator);
        expect(firstDifference(await retrieve(session, '/file'), old)).toBeUndefined();
        await rm(join(folder, 'ballast'));
        await store(session, '/later', old);
        await servers.restart('coordinator');
        session.close();
        session = await openSession(servers.configuration.coordinator);
        expect(firstDifference(await retrieve(session, '/later'), old)).toBeUndefined();
        const paths = (await session.list('/')).map(({ name }) => `/${name}`);
        session.close();
        const parts = await Promise.all(paths.map((path) => servers.client().where(path)));
        await expectOnlyParts(servers, parts.flat());
        await servers.kill('coordinator');
      });
    });
  });
});

async function withDisk(folder: string, options: string, work: () => Promise<void>): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'none', folder]);
  try {
    await work();
  } finally {
    execFileSync('umount', ['--lazy', folder]);
  }
}
