/** Several users of a real coordinator, made with the `splitftp` command while it runs. */
import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isPresent } from '../tools.ts';
import { program, RunningCommand, splitftp } from './command.ts';
import { RawClient } from './ftp-raw-client.ts';
import { startServers, type TestServers } from './servers.ts';

let servers: TestServers;
beforeAll(async () => {
  servers = await startServers();
});
afterAll(() => servers.stop());

function command(args: readonly string[], input = '') {
  return splitftp([...args, '--env', servers.envFile], servers.folder, input);
}

async function add(name: string, password: string, ...options: string[]): Promise<void> {
  const { status, stderr } = await command(['user', 'add', name, ...options], `${password}\n`);
  if (status !== 0) throw new Error(stderr);
}

function login(name: string, password: string): Promise<RawClient> {
  return RawClient.login(servers.configuration.coordinator.port, name, password);
}

let refusals = 0;

/** Each from another address where the system has several: wrong logins make those that follow wait. */
async function refused(name: string, password: string): Promise<string> {
  const address = process.platform === 'linux' ? `127.0.1.${++refusals}` : '127.0.0.1';
  const client = await RawClient.connect(servers.configuration.coordinator.port, '127.0.0.1', address);
  await client.ask(`USER ${name}`);
  const { text } = await client.ask(`PASS ${password}`);
  client.destroy();
  return text;
}

const wrong = '530 The name or the password is wrong.';
const usersFile = () => servers.configuration.coordinator.usersFile;

describe('splitftp user', () => {
  test('makes users whom the running coordinator knows at once', async () => {
    expect(await refused('ann', 'annspassword')).toBe(wrong);
    await add('ann', 'annspassword');
    const ann = await login('ann', 'annspassword');
    expect((await ann.ask('PWD')).text).toBe('257 "/" is the current folder.');
    expect(await refused('Ann', 'annspassword')).toBe(wrong);
    expect(await refused('ann', 'annsPassword')).toBe(wrong);
    const { status, stdout } = await command(['user', 'passwd', 'ann'], 'anotherpassword\n');
    expect([status, stdout]).toEqual([0, 'ann has a new password\n']);
    expect(await refused('ann', 'annspassword')).toBe(wrong);
    (await login('ann', 'anotherpassword')).destroy();
    expect((await command(['user', 'remove', 'ann'])).stdout).toBe('ann was removed; the files stay\n');
    expect(await refused('ann', 'anotherpassword')).toBe(wrong);
    expect((await ann.ask('NOOP')).code).toBe(200);
    ann.destroy();
  });

  test('lists them, without what they log in with', async () => {
    await add('lea', 'leaspassword', '--home', 'photos/lea', '--read-only');
    const { stdout } = await command(['user', 'list']);
    expect(stdout).toMatch(/^user +\/ +owner \(FTP_USER\)$/m);
    expect(stdout).toMatch(/^lea +\/photos\/lea +read-only$/m);
    const json: unknown = JSON.parse((await command(['user', 'list', '--json'])).stdout);
    expect(json).toContainEqual({ name: 'lea', home: '/photos/lea', readOnly: true });
    const stored = await readFile(usersFile(), 'utf8');
    expect(stored).not.toContain('leaspassword');
    expect(stored).toMatch(/\$scrypt\$ln=15,r=8,p=3\$/);
    if (process.platform !== 'win32') expect((await stat(usersFile())).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['a name that is taken', ['add', 'lea'], 'otherpassword\n', /there is a user lea already/i],
    ["the owner's name", ['add', 'user'], 'otherpassword\n', /user is the owner, whom FTP_USER/],
    ['a short password', ['add', 'kim'], 'short\n', /at least 8 characters/],
    ['no password', ['add', 'kim'], '', /No password came on standard input/],
    ['a control character', ['add', 'kim'], 'long\u0007enough\n', /control characters/],
    ['a slash in the name', ['add', 'a/b'], 'otherpassword\n', /neither slashes/],
    ['a name that would be a folder', ['add', '..'], 'otherpassword\n', /more than dots/],
    ['a user who is none', ['passwd', 'kim'], 'otherpassword\n', /There is no user kim/],
    ['a user who is none', ['remove', 'kim'], '', /There is no user kim/],
  ])('refuses %s (%j) and leaves the file alone', async (_, args, input, message) => {
    const before = await readFile(usersFile(), 'utf8');
    const { status, stdout, stderr } = await command(['user', ...args], input);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('otherpassword');
    expect(await readFile(usersFile(), 'utf8')).toBe(before);
  });

  describe.runIf(isPresent('python3'))('at a terminal', () => {
    async function type(lines: readonly string[], ...args: string[]) {
      const script = join(import.meta.dirname, 'type_in_terminal.py');
      const typed = [
        script,
        JSON.stringify(lines),
        process.execPath,
        program,
        ...args,
        '--env',
        servers.envFile,
      ];
      return promisify(execFile)('python3', typed, { timeout: 50_000 }).then(
        ({ stdout }) => ({ code: 0, stdout }),
        ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
      );
    }

    test('asks twice and shows nothing of what is typed', async () => {
      const line = 'forgottem\u007fn password\r';
      const { code, stdout } = await type([line, line], 'user', 'add', 'tim');
      expect(code).toBe(0);
      expect(stdout.replaceAll('\r\n', '\n')).toBe(
        'Password: \nAgain: \ntim can log in and sees /tim as /\n',
      );
      (await login('tim', 'forgotten password')).destroy();
    });

    test('refuses what is typed differently, and ends with Ctrl-C', async () => {
      const differ = await type(['password one\r', 'password two\r'], 'user', 'passwd', 'tim');
      expect([differ.code, differ.stdout]).toEqual([2, expect.stringContaining('The two passwords differ.')]);
      expect((await type(['half\u0003'], 'user', 'passwd', 'tim')).code).toBe(130);
      (await login('tim', 'forgotten password')).destroy();
    });
  });
});

describe('a home', () => {
  test('is all that its user sees and reaches', async () => {
    const owner = await login('user', 'password');
    expect((await owner.store('STOR /secret', 'the owner alone')).code).toBe(226);
    await add('bob', 'bobspassword', '--home', '/homes/bob');
    const bob = await login('bob', 'bobspassword');
    expect((await bob.retrieve('NLST')).content.toString()).toBe('');
    expect((await bob.store('STOR /mine', 'of bob')).code).toBe(226);
    for (const path of ['/secret', '../secret', '/../secret', '/../../secret', '../../secret', '~/secret']) {
      expect((await bob.retrieve(`RETR ${path}`)).reply.code, path).toBe(550);
      expect((await bob.ask(`SIZE ${path}`)).code, path).toBe(550);
      expect((await bob.ask(`MLST ${path}`)).code, path).toBe(550);
      expect((await bob.ask(`SITE WHERE ${path}`)).code, path).toBe(550);
      expect((await bob.ask(`RNFR ${path}`)).code, path).toBe(550);
      expect((await bob.ask(`STAT ${path}`)).code, path).toBe(550);
      expect((await bob.ask(`DELE ${path}`)).code, path).toBe(550);
    }
    expect((await bob.ask('CWD /homes')).code).toBe(550);
    expect((await bob.ask('CDUP')).text).toBe('250 "/" is the current folder.');
    expect((await bob.ask('SITE WHERE /mine')).text).toMatch(/"kind":"part"/);
    expect((await bob.ask('SITE STATUS')).code).toBe(504);
    expect((await owner.ask('SIZE /homes/bob/mine')).text).toBe('213 6');
    for (const text of [(await bob.ask('DELE none')).text, (await bob.ask('RMD none')).text]) {
      expect(text).not.toContain('/homes');
    }
    expect((await bob.ask('RMD /')).code).toBe(550);
    bob.destroy();
    owner.destroy();
  });

  test('that cannot be shown lets nobody in, and the log says why', async () => {
    const owner = await login('user', 'password');
    expect((await owner.store('STOR /file', 'no folder')).code).toBe(226);
    await add('eve', 'evespassword', '--home', '/file');
    expect(await refused('eve', 'evespassword')).toMatch(/^530 Your home folder cannot be used/);
    expect(servers.output('coordinator').join('\n')).toMatch(/"user":"eve","home":"\/file"/);
    owner.destroy();
  });

  test('of a user who may only read stays as it is', async () => {
    const owner = await login('user', 'password');
    for (const line of ['MKD /public', 'MKD /public/d']) expect((await owner.ask(line)).code).toBe(257);
    expect((await owner.store('STOR /public/f', 'for all')).code).toBe(226);
    await add('guest', 'guestpassword', '--home', '/public', '--read-only');
    const guest = await login('guest', 'guestpassword');
    expect((await guest.retrieve('RETR f')).content.toString()).toBe('for all');
    expect((await guest.retrieve('LIST')).reply.code).toBe(226);
    for (const line of ['DELE f', 'MKD e', 'RMD d', 'MFMT 20200101000000 f', 'SITE UTIME 20200101000000 f']) {
      expect((await guest.ask(line)).code, line).toBeGreaterThanOrEqual(500);
    }
    expect(await guest.store('STOR g', 'x')).toMatchObject({
      code: 550,
      text: expect.stringMatching(/read-only/),
    });
    expect((await guest.store('APPE f', 'x')).code).toBe(550);
    expect((await guest.ask('RNFR f')).code).toBe(350);
    expect((await guest.ask('RNTO g')).code).toBe(550);
    expect((await guest.retrieve('NLST')).content.toString().split('\r\n').sort()).toEqual(['', 'd', 'f']);
    for (const client of [owner, guest]) client.destroy();
  });
});

test('a wrong password is answered alike for the owner, a user, and a name that nobody has', async () => {
  await add('sam', 'samspassword');
  for (const name of ['sam', 'user', 'nobody']) expect(await refused(name, 'wrong password')).toBe(wrong);
});

test('a broken users file changes nothing while the coordinator runs, and keeps one from starting', async () => {
  await add('zoe', 'zoespassword');
  (await login('zoe', 'zoespassword')).destroy();
  const whole = await readFile(usersFile(), 'utf8');
  await writeFile(usersFile(), '{ "version": 1, "users": [ { "name": "zoe" } ] }');
  (await login('zoe', 'zoespassword')).destroy();
  expect(servers.output('coordinator').join('\n')).toMatch(/the users file is broken/);
  await servers.kill('coordinator');
  const second = await new RunningCommand(['coordinator', '--env', servers.envFile], servers.folder).ended;
  expect(second.status).toBe(1);
  expect(second.stderr).toMatch(/users\.json: users\.0\.password is missing\. Correct it, restore it/);
  await writeFile(usersFile(), whole);
  await servers.restart('coordinator');
  (await login('zoe', 'zoespassword')).destroy();
});

test('outside loopback no server starts with a password that everybody tries', async () => {
  const text = await readFile(servers.envFile, 'utf8');
  const envFile = join(servers.folder, 'exposed.env');
  await writeFile(
    envFile,
    `${text.replace('FTP_SERVER=127.0.0.1', 'FTP_SERVER=0.0.0.0')}\nFTP_HOST=0.0.0.0\nFTP_TLS=off\n`,
  );
  for (const [args, variable] of [
    [['coordinator'], 'FTP_PASSWORD'],
    [['storage', '1'], 'FTP_PASSWORD1'],
  ] as const) {
    const { status, stderr } = await splitftp([...args, '--env', envFile], servers.folder);
    expect(status).toBe(1);
    expect(stderr).toContain(`${variable} is one that everybody tries, and 0.0.0.0 can be reached`);
  }
});
