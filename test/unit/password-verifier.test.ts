import { describe, expect, test } from 'vitest';
import { PasswordVerifier } from '../../src/accounts/password-verifier.ts';

/** Verifications that a test ends itself. */
function controlled(options: { atOnce?: number; waiting?: number; rememberedMs?: number } = {}) {
  const calls: { hash: string; password: string; end(right: boolean): void; fail(error: Error): void }[] = [];
  const verifier = new PasswordVerifier({
    ...options,
    verify: (hash, password) =>
      new Promise((resolve, reject) => calls.push({ hash, password, end: resolve, fail: reject })),
  });
  return { calls, verifier };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('what it costs', () => {
  test('few run at once, the others wait in order, and more are refused', async () => {
    const { calls, verifier } = controlled({ atOnce: 2, waiting: 2 });
    const results = ['a', 'b', 'c', 'd', 'e'].map((password) => verifier.verify('hash', password));
    expect(await results[4]).toBeUndefined();
    expect(calls.map(({ password }) => password)).toEqual(['a', 'b']);
    calls[0]?.end(false);
    await turn();
    expect(calls.map(({ password }) => password)).toEqual(['a', 'b', 'c']);
    calls[1]?.fail(new Error('no memory'));
    await expect(results[1]).rejects.toThrow('no memory');
    await turn();
    expect(calls).toHaveLength(4);
    for (const call of calls) call.end(true);
    expect(await Promise.all([results[0], results[2], results[3]])).toEqual([false, true, true]);
  });

  test('the same password over many connections is checked once', async () => {
    const { calls, verifier } = controlled();
    const results = Array.from({ length: 300 }, () => verifier.verify('hash', 'p'));
    expect(calls).toHaveLength(1);
    calls[0]?.end(true);
    expect(new Set(await Promise.all(results))).toEqual(new Set([true]));
    expect(await verifier.verify('hash', 'p')).toBe(true);
    expect(calls).toHaveLength(1);
  });
});

describe('what is remembered', () => {
  test('is no wrong password', async () => {
    const { calls, verifier } = controlled();
    for (let count = 1; count <= 2; count++) {
      const result = verifier.verify('hash', 'wrong');
      expect(calls).toHaveLength(count);
      calls.at(-1)?.end(false);
      expect(await result).toBe(false);
    }
  });

  test('is worth nothing once the stored one was changed, or for another', async () => {
    const { calls, verifier } = controlled();
    const first = verifier.verify('hash', 'p');
    calls[0]?.end(true);
    await first;
    const second = verifier.verify('new hash', 'p');
    expect(calls).toHaveLength(2);
    calls[1]?.end(false);
    expect(await second).toBe(false);
  });

  test('is forgotten after its time', async () => {
    const { calls, verifier } = controlled({ rememberedMs: 0 });
    for (let count = 1; count <= 2; count++) {
      const result = verifier.verify('hash', 'p');
      expect(calls).toHaveLength(count);
      calls.at(-1)?.end(true);
      expect(await result).toBe(true);
    }
  });
});

test('a name that nobody has is verified like a wrong password, and is wrong even if that matched', async () => {
  const { calls, verifier } = controlled();
  const result = verifier.verify(undefined, 'p');
  expect(calls).toHaveLength(1);
  expect(calls[0]?.hash).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/);
  calls[0]?.end(true);
  expect(await result).toBe(false);
});
