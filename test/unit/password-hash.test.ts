import { scryptSync } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  hashPassword,
  isPasswordHash,
  unmatchableHash,
  verifyPassword,
} from '../../src/accounts/password-hash.ts';

test('a password matches its own hash alone, and every hash has its own salt', async () => {
  const [one, other] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')]);
  expect(one).not.toBe(other);
  expect(one).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(await verifyPassword(one, 'correct horse')).toBe(true);
  expect(await verifyPassword(one, 'correct horsE')).toBe(false);
  expect(await verifyPassword(one, '')).toBe(false);
});

test('parameters are those of the string', async () => {
  const salt = Buffer.from('SodiumChlorideSodiumChloride');
  const digest = scryptSync('pleaseletmein', salt, 32, { N: 16384, r: 8, p: 1 });
  const encode = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  const stored = `$scrypt$ln=14,r=8,p=1$${encode(salt)}$${encode(digest)}`;
  expect(await verifyPassword(stored, 'pleaseletmein')).toBe(true);
  expect(await verifyPassword(stored, 'Pleaseletmein')).toBe(false);
});

test('the same characters in another form of Unicode are the same password', async () => {
  expect(await verifyPassword(await hashPassword('caf\u00e9 cr\u00e8me'), 'cafe\u0301 cre\u0300me')).toBe(
    true,
  );
});

test.each([
  ['nothing', ''],
  ['plain text', 'secret'],
  ['another algorithm', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0c2FsdA$x'],
  ['more memory than is sensible', unmatchableHash().replace('ln=15', 'ln=30')],
  ['too little work', unmatchableHash().replace('ln=15', 'ln=01')],
  ['more work than is sensible', unmatchableHash().replace('p=3', 'p=99')],
  ['no salt', unmatchableHash().replace(/\$[^$]+\$([^$]+)$/, '$$$$$1')],
])('%s is no hash', async (_, text) => {
  expect(isPasswordHash(text)).toBe(false);
  await expect(verifyPassword(text, 'secret')).rejects.toThrow(TypeError);
});
