import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unmatchableHash } from '../../src/accounts/password-hash.ts';
import { Users } from '../../src/accounts/users.ts';
import { changeUsersFile, readUsersFile, type User } from '../../src/accounts/users-file.ts';
import { createLog } from '../../src/log/log.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'splitftp-users-'));
  path = join(folder, 'users.json');
});
afterEach(() => rm(folder, { recursive: true }));

const user = (name: string): User => ({
  name,
  password: unmatchableHash(),
  home: `/${name}`,
  readOnly: false,
});
const log = createLog('test', 'silent');

describe('the file', () => {
  test('is none at first, and then holds what was added, for its owner only', async () => {
    expect(await readUsersFile(path)).toEqual([]);
    const [ann, bob] = [user('ann'), user('bob')];
    await changeUsersFile(path, (users) => [...users, ann]);
    await changeUsersFile(path, (users) => [...users, bob]);
    expect(await readUsersFile(path)).toEqual([ann, bob]);
    if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['users.json']);
  });

  test('stays as it was when a change fails', async () => {
    await changeUsersFile(path, () => [user('ann')]);
    const before = await readFile(path, 'utf8');
    await expect(changeUsersFile(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await readFile(path, 'utf8')).toBe(before);
    expect(await readdir(folder)).toEqual(['users.json']);
  });

  test('is changed by one command at a time', async () => {
    await changeUsersFile(path, async () => {
      await expect(changeUsersFile(path, () => [])).rejects.toThrow(
        /users\.json\.lock exists: another command/,
      );
      return [user('ann')];
    });
    expect(await readUsersFile(path)).toHaveLength(1);
  });

  const valid = user('ann');
  test.each([
    ['no JSON', 'users: ann', /users\.json is not JSON\. Correct it/],
    ['another version', { version: 2, users: [] }, /version should be 1\./],
    ['no list', { version: 1 }, /users is missing/],
    [
      'a plain password',
      { version: 1, users: [{ ...valid, password: 'hush' }] },
      /users\.0\.password is not a stored/,
    ],
    [
      'a home with ..',
      { version: 1, users: [{ ...valid, home: '/a/../b' }] },
      /users\.0\.home is not an absolute/,
    ],
    [
      'a relative home',
      { version: 1, users: [{ ...valid, home: 'a' }] },
      /users\.0\.home is not an absolute/,
    ],
    ['an empty name', { version: 1, users: [{ ...valid, name: '' }] }, /users\.0\.name is not a user name/],
    [
      'a word too many',
      { version: 1, users: [{ ...valid, readonly: true }] },
      /users\.0\.readonly should not be there/,
    ],
    ['one name twice', { version: 1, users: [valid, user('ann')] }, /holds the user ann twice/],
  ])('%s is refused with the place and the remedy, and no secret', async (_, content, message) => {
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
    const error: unknown = await readUsersFile(path).catch((reason: unknown) => reason);
    expect(String(error)).toMatch(message);
    expect(String(error)).not.toMatch(/hush|\$scrypt/);
  });
});

describe('the users of a running coordinator', () => {
  test('are those of the file as it is now; names are exact', async () => {
    const users = await Users.open(path, log);
    expect(await users.find('ann')).toBeUndefined();
    await changeUsersFile(path, () => [user('ann')]);
    expect((await users.find('ann'))?.home).toBe('/ann');
    expect(await users.find('Ann')).toBeUndefined();
    await changeUsersFile(path, () => [{ ...user('ann'), home: '/x' }]);
    const found = await Promise.all([users.find('ann'), users.find('ann'), users.find('bob')]);
    expect(found.map((each) => each?.home)).toEqual(['/x', '/x', undefined]);
    await rm(path);
    expect(await users.find('ann')).toBeUndefined();
  });

  test('stay while the file is broken, and are new when it is whole again', async () => {
    await changeUsersFile(path, () => [user('ann')]);
    const users = await Users.open(path, log);
    await writeFile(path, '{');
    expect((await users.find('ann'))?.name).toBe('ann');
    await expect(changeUsersFile(path, () => [])).rejects.toThrow(/is not JSON/);
    await writeFile(path, JSON.stringify({ version: 1, users: [user('bob')] }));
    expect(await users.find('ann')).toBeUndefined();
    expect((await users.find('bob'))?.name).toBe('bob');
  });

  test('of a file that is broken at the start are none to begin with', async () => {
    await writeFile(path, '{');
    await expect(Users.open(path, log)).rejects.toThrow(/is not JSON/);
  });
});
