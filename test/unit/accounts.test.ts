import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Accounts } from '../../src/accounts/accounts.ts';
import { unmatchableHash } from '../../src/accounts/password-hash.ts';
import { PasswordVerifier } from '../../src/accounts/password-verifier.ts';
import { Users } from '../../src/accounts/users.ts';
import { changeUsersFile } from '../../src/accounts/users-file.ts';
import { createLog } from '../../src/log/log.ts';

/** Accounts of an owner and of Ann, and what their passwords were verified against. */
async function accounts(limits: { atOnce?: number; waiting?: number } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'splitftp-accounts-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'users.json');
  const hash = unmatchableHash();
  await changeUsersFile(path, () => [{ name: 'ann', password: hash, home: '/ann', readOnly: true }]);
  const verified: string[] = [];
  const verifier = new PasswordVerifier({
    ...limits,
    verify: async (stored, password) => {
      verified.push(stored === hash ? 'hers' : 'of nobody');
      return stored === hash && password === 'right';
    },
  });
  const users = await Users.open(path, createLog('test', 'silent'));
  return { verified, accounts: new Accounts({ user: 'owner', password: 'secret' }, users, verifier) };
}

test('the owner and the users are told apart', async () => {
  const { accounts: all } = await accounts();
  expect(await all.identify('owner', 'secret')).toEqual({ kind: 'owner' });
  expect(await all.identify('ann', 'right')).toMatchObject({
    kind: 'user',
    user: { home: '/ann', readOnly: true },
  });
});

test('what is wrong costs one verification, whichever it is', async () => {
  const { accounts: all, verified } = await accounts();
  expect(await all.identify('ann', 'wrong')).toEqual({ kind: 'nobody', refused: 'wrong-password' });
  expect(await all.identify('owner', 'wrong')).toEqual({ kind: 'nobody', refused: 'wrong-password' });
  expect(await all.identify('bob', 'wrong')).toEqual({ kind: 'nobody', refused: 'unknown-name' });
  expect(await all.identify('Ann', 'right')).toEqual({ kind: 'nobody', refused: 'unknown-name' });
  expect(await all.identify('__proto__', 'right')).toEqual({ kind: 'nobody', refused: 'unknown-name' });
  expect(verified).toEqual(['hers', 'of nobody', 'of nobody', 'of nobody', 'of nobody']);
});

test('when too many wait to be verified, nobody is said to be wrong', async () => {
  const { accounts: all } = await accounts({ atOnce: 0, waiting: 0 });
  expect(await all.identify('ann', 'right')).toEqual({ kind: 'nobody', refused: 'overloaded' });
  expect(await all.identify('owner', 'secret')).toEqual({ kind: 'owner' });
});
