import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Outcome, RunningCommand, splitftp } from './command.ts';
import { startServers, type TestServers } from './servers.ts';

/** A dozen commands, each a process. */
vi.setConfig({ testTimeout: 300_000 });

let servers: TestServers;
let folder: string;

beforeAll(async () => {
  servers = await startServers();
});
afterAll(() => servers?.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'splitftp-cli-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  const client = servers.client();
  for (const { path } of await client.list('/')) await client.remove(path);
});

const run = (...args: string[]): Promise<Outcome> => splitftp([...args, '--env', servers.envFile], folder);

async function succeed(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

describe('upload and download go where cp would', () => {
  beforeEach(async () => {
    for (const name of ['a', 'b']) await writeFile(join(folder, name), name);
  });

  test('to the root, to an exact name, into a folder, several into a folder', async () => {
    expect(await succeed('upload', 'a')).toMatch(/^uploaded 1 file, 1 B in 0:0\d \(/);
    await succeed('upload', 'a', '/exact');
    await succeed('upload', 'a', '/new/');
    await succeed('upload', 'b', '/new');
    await succeed('upload', 'a', 'b', '/both');
    const client = servers.client();
    const names = async (path: string) => (await client.list(path)).map(({ name }) => name);
    expect(await names('/')).toEqual(['a', 'both', 'exact', 'new']);
    expect(await names('/new')).toEqual(['a', 'b']);
    expect(await names('/both')).toEqual(['a', 'b']);

    await succeed('download', '/exact');
    await succeed('download', '/a', 'other');
    await mkdir(join(folder, 'into'));
    await succeed('download', '/a', 'into');
    await succeed('download', '/new', '/both', 'all');
    const files = (await readdir(folder, { recursive: true })).sort();
    expect(files.filter((name) => name !== 'b')).toEqual(
      ['a', 'all', 'all/both', 'all/both/a', 'all/both/b', 'all/new', 'all/new/a', 'all/new/b']
        .concat(['exact', 'into', 'into/a', 'other'])
        .map((path) => join(path)),
    );
  });

  test('a last local path is not taken for a target in silence', async () => {
    const { status, stderr } = await run('upload', 'a', join(folder, 'b'));
    expect(status).toBe(2);
    expect(stderr).toMatch(/b exists here, and not on the coordinator: use --to/);
    await succeed('upload', 'a', join(folder, 'b'), '--to', '/x');
    expect((await servers.client().list('/x')).map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test('--no-clobber skips, one file that fails is failed, --json tells', async () => {
    await succeed('upload', 'a');
    await writeFile(join(folder, 'a'), 'changed');
    expect(await succeed('upload', '--no-clobber', 'a')).toMatch(/1 skipped$/m);
    expect((await servers.client().stat('/a'))?.size).toBe(1);
    const { status, stdout, stderr } = await run('upload', '--json', 'b', 'none', '/');
    expect(status).toBe(1);
    expect(stderr).toBe('splitftp: none: there is no such file or folder\n');
    expect(JSON.parse(stdout)).toEqual({
      files: 1,
      bytes: 1,
      skipped: [],
      failures: [{ path: 'none', message: 'there is no such file or folder' }],
    });
  });
});

test('an interrupted upload leaves nothing and says so', async () => {
  const file = await open(join(folder, 'big'), 'w');
  await file.truncate(8 * 1024 ** 3); // Sparse: it takes no room, and far longer to upload than this test.
  await file.close();
  const upload = new RunningCommand(['upload', 'big', '--env', servers.envFile], folder);
  const stored = join(servers.folder, 'storage_folder1');
  const begun = async () => {
    const paths = await readdir(stored, { recursive: true });
    const sizes = await Promise.all(paths.map(async (path) => (await stat(join(stored, path))).size));
    expect(Math.max(...sizes)).toBeGreaterThan(1024 * 1024);
  };
  await vi.waitFor(begun, 20_000);
  expect(await upload.stop('SIGINT')).toEqual({ status: 130, stdout: '', stderr: 'splitftp: interrupted\n' });
  expect(await servers.client().list('/')).toEqual([]);
});

test('files are listed, moved, removed', async () => {
  await writeFile(join(folder, 'a'), randomBytes(2048));
  await succeed('mkdir', '-p', '/f/g');
  await succeed('upload', 'a', '/f');
  expect(await succeed('ls', '/f')).toBe('a\ng/\n');
  expect(await succeed('ls', '-l', '/f')).toMatch(
    /^file {4}2\.0 KiB {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}a\nfolder +- {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}g\/\n$/,
  );
  expect(JSON.parse(await succeed('ls', '--json', '/f/a'))).toMatchObject([{ path: '/f/a', size: 2048 }]);
  await succeed('mv', '/f/a', '/f/g');
  await succeed('mv', '/f/g/a', '/f/b');
  expect(await run('rm', '/f')).toMatchObject({ status: 1, stderr: expect.stringContaining('use rm -r') });
  await succeed('rm', '/f/b');
  expect(await succeed('ls', 'f')).toBe('g/\n');
  await succeed('rm', '-r', '/f');
  expect(await run('ls', '/f')).toEqual({
    status: 1,
    stdout: '',
    stderr: 'splitftp: /f: there is no such file or folder on the coordinator\n',
  });
  expect(await run('mkdir', '/x/y')).toMatchObject({ status: 1, stderr: expect.stringContaining('/x') });
});

test('status and where show servers and parts', async () => {
  await writeFile(join(folder, 'a'), randomBytes(2048));
  await succeed('upload', 'a');
  const status = await succeed('status');
  expect(status).toMatch(/^SplitFTP \d.*, layout 2\+0: 1 file in 0 folders, 2\.0 KiB/);
  expect(status).toMatch(
    /^SERVER {2}ADDRESS +STATE {2}PARTS +SIZE +FREE +MISSING +ERRORS\n {5}1 {2}127\.0\.0\.1:\d+ +up /m,
  );
  expect(await succeed('where', '/a')).toMatch(/^ +0 {2}data 1 +2 {2}127\.0\.0\.1:\d+ +stored +1\.\d KiB /m);
  expect(JSON.parse(await succeed('where', '--json', '/a'))).toHaveLength(2);
  expect(JSON.parse(await succeed('status', '--json'))).toHaveLength(3);
});

test('a reader that has seen enough is no error', async () => {
  const args = [join(import.meta.dirname, '../../src/cli/main.ts'), 'ls', '--env', servers.envFile];
  const command = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  command.stdout.destroy();
  const stderr = text(command.stderr);
  await once(command, 'exit');
  expect({ status: command.exitCode, stderr: await stderr }).toEqual({ status: 0, stderr: '' });
});

describe('wrong usage is status 2, with what is right', () => {
  test.each([
    [['bogus'], /^splitftp: unknown command 'bogus'/],
    [['ls', '--bogus'], /^splitftp: unknown option '--bogus'/],
    [['upload'], /^splitftp: missing required argument 'local'/],
    [['mv', '/a'], /^splitftp: mv needs what to move and where to/],
    [['storage', 'one'], /^splitftp: .*whole number from 1/],
    [['storage', '7'], /there is no storage server 7: set FTP_USER7/],
    [['ls', '--env', 'missing.env'], /missing\.env:\n {2}there is no such file/],
  ])('%j', async (args, expected) => {
    await writeFile(join(folder, '.env'), await readFile(servers.envFile));
    const { status, stdout, stderr } = await splitftp(args, folder);
    expect(stderr).toMatch(expected);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  test.each([[['--help']], [['upload', '--help']]])('%j is status 0', async (args) => {
    const { status, stdout } = await splitftp(args, folder);
    expect(status).toBe(0);
    expect(stdout).toContain('Usage: splitftp');
  });
});
