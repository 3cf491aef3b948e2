import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SplitClient } from '../../src/client/split-client.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { LocalServers } from '../../src/servers/local-servers.ts';
import { RunningCommand, splitftp } from './command.ts';
import { writeEnvFile } from './servers.ts';

let folder: string;
let envFile: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'splitftp-cli-'));
  envFile = await writeEnvFile(folder);
});
afterEach(() => rm(folder, { recursive: true }));

/** Of what is below the folders that parts are in: beside them are the journal and the server's own name. */
async function partSizes(name: string): Promise<number[]> {
  const root = join(folder, name);
  const names = await readdir(root, { recursive: true });
  const parts = names.filter((path) => /[0-9a-f]{32}\.\d+$/.test(path));
  const found = await Promise.all(parts.map((path) => stat(join(root, path))));
  return found.filter((entry) => entry.isFile()).map(({ size }) => size);
}

test("the seeds' sequence: three programs, one file, two halves, the file again", async () => {
  const programs = [['storage', '1'], ['storage', '2'], ['coordinator']].map(
    (args) => new RunningCommand(args, folder),
  );
  try {
    await Promise.all(programs.map((program) => program.ready()));
    const content = randomBytes(3_000_000);
    await writeFile(join(folder, 'file'), content);
    expect((await splitftp(['upload', 'file'], folder)).status).toBe(0);
    for (const storage of ['storage_folder1', 'storage_folder2']) {
      const [size, ...others] = await partSizes(storage);
      expect(others).toEqual([]);
      expect(size).toBeGreaterThanOrEqual(content.length / 2);
      expect(size).toBeLessThan(content.length / 2 + 10_000);
    }
    expect((await splitftp(['download', '/file', 'again'], folder)).status).toBe(0);
    expect((await readFile(join(folder, 'again'))).equals(content)).toBe(true);
  } finally {
    const outcomes = await Promise.all(programs.map((program) => program.stop()));
    expect(outcomes.map(({ status }) => status)).toEqual([0, 0, 0]);
  }
});

describe('serve', () => {
  test('its log is JSON for a program, and text for a person', async () => {
    for (const [format, line] of [
      ['json', /^\{"level":30,.*"name":"storage 1".*"msg":"server started"\}$/m],
      ['text', /^\d\d:\d\d:\d\d storage 1: server started host=127\.0\.0\.1 port=\d+$/m],
    ] as const) {
      const serve = await new RunningCommand(['serve', '--log-format', format], folder).ready();
      const { stderr } = await serve.stop();
      expect(stderr).toMatch(line);
    }
  });

  test('says what it runs, then ready, and ends when asked', async () => {
    const serve = await new RunningCommand(['serve'], folder).ready();
    const { status, stdout } = await serve.stop();
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^storage server 1 on ftp:\/\/127\.0\.0\.1:\d+, folder .*storage_folder1$/);
    expect(lines[2]).toMatch(/^coordinator on ftp:\/\/127\.0\.0\.1:\d+, folder .*server_folder$/);
    expect(stdout).not.toContain('password');
    const { coordinator } = await loadConfiguration({ envFile, environment: {} });
    await expect(new SplitClient(coordinator).list('/')).rejects.toThrow('No coordinator answers');
  });

  test('a port in use is named with its variable, once, and nothing is left running', async () => {
    const { storageServers } = await loadConfiguration({ envFile, environment: {} });
    const other = createServer().listen(storageServers[1]?.port, '127.0.0.1');
    await once(other, 'listening');
    const { status, stderr } = await splitftp(['serve'], folder);
    other.close();
    expect(status).toBe(1);
    expect(stderr).toMatch(/^splitftp: storage server 2: Port \d+ \(FTP_PORT2\) is in use.*\n$/m);
    expect(stderr.match(/FTP_PORT2/g)).toHaveLength(2); // In one sentence, which is said once.
  });

  test('all that is wrong with the configuration is said', async () => {
    await appendFile(envFile, 'FTP_PASWORD2=x\nFTP_PORT1=0\n');
    const { status, stderr } = await splitftp(['serve'], folder);
    expect(status).toBe(2);
    expect(stderr).toMatch(/did you mean FTP_PASSWORD2\?\n {2}FTP_PORT1 is "0"/);
  });
});

describe('local servers', () => {
  const sources = resolve(import.meta.dirname, '../../src');
  const programs = {
    storage: join(sources, 'storage', 'main.ts'),
    coordinator: join(sources, 'coordinator', 'main.ts'),
  };
  const isRunning = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  test('run, are processes of their own, and are all gone when stopped', async () => {
    const configuration = await loadConfiguration({ envFile, environment: {} });
    const exits: string[] = [];
    const servers = new LocalServers({ programs, onLine: () => {}, onExit: (name) => exits.push(name) });
    await servers.start(configuration);
    const pids = servers.pids;
    expect(pids).toHaveLength(3);
    const client = new SplitClient(configuration.coordinator);
    expect(await client.list('/')).toEqual([]);
    client.close();
    await servers.stop();
    expect(pids.filter(isRunning)).toEqual([]);
    expect({ exits, pids: servers.pids }).toEqual({ exits: [], pids: [] });
    await servers.start(configuration);
    await servers.stop();
  });

  test('a storage server that dies is started again, and the others go on', async () => {
    const configuration = await loadConfiguration({ envFile, environment: {} });
    const lines: string[] = [];
    const exits: string[] = [];
    const onLine = (name: string, line: string) => lines.push(`${name}|${line}`);
    const servers = new LocalServers({ programs, onLine, onExit: (name) => exits.push(name) });
    try {
      await servers.start(configuration);
      const [first, second, coordinator] = servers.pids;
      process.kill(second ?? 0, 'SIGKILL');
      await vi.waitFor(
        () => {
          expect(servers.pids).toHaveLength(3);
          expect(servers.pids).not.toContain(second);
        },
        { timeout: 30_000 },
      );
      expect([first, coordinator].every((pid) => pid !== undefined && isRunning(pid))).toBe(true);
      expect(lines).toContain('storage server 2|storage server 2 ended by SIGKILL; it is started again');
    } finally {
      await servers.stop();
    }
    expect({ exits, pids: servers.pids }).toEqual({ exits: [], pids: [] });
  });

  test('when the coordinator dies the others are stopped, and it is said why', async () => {
    const configuration = await loadConfiguration({ envFile, environment: {} });
    const died = Promise.withResolvers<string>();
    const onExit = (name: string, message: string) => died.resolve(`${name}|${message}`);
    const servers = new LocalServers({ programs, onLine: () => {}, onExit });
    await servers.start(configuration);
    const pids = servers.pids;
    process.kill(pids[2] ?? 0, 'SIGKILL');
    expect(await died.promise).toBe('coordinator|coordinator ended by SIGKILL');
    expect(pids.filter(isRunning)).toEqual([]);
  });

  test('stopped while they start they are gone too', async () => {
    const configuration = await loadConfiguration({ envFile, environment: {} });
    const announced = Promise.withResolvers<void>();
    const servers = new LocalServers({ programs, onLine: () => announced.resolve(), onExit: () => {} });
    const start = servers.start(configuration);
    const refused = expect(start).rejects.toThrow('The servers were stopped while they were starting.');
    await announced.promise;
    const pids = servers.pids;
    await servers.stop();
    await refused;
    expect(pids.filter(isRunning)).toEqual([]);
  });
});
