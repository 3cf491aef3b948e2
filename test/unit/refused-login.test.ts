import { expect, it } from 'vitest';
import { RefusedLogin } from '../../src/coordinator/pool/refused-login.ts';

it('waits twice as long after each refusal, at most a minute, and no more once it was let in', () => {
  const error = new Error('530');
  const login = new RefusedLogin();
  let now = 0;
  const pauses: number[] = [];
  for (let refusal = 0; refusal < 8; refusal++) {
    login.throwIfEarly(now);
    login.refused(error, now);
    const since = now;
    for (let early = true; early; ) {
      now += 500;
      try {
        login.throwIfEarly(now);
        early = false;
      } catch (thrown) {
        expect(thrown).toBe(error);
      }
    }
    pauses.push(now - since);
  }
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  login.refused(error, now);
  login.accepted();
  login.throwIfEarly(now);
  login.refused(error, now);
  login.throwIfEarly(now + 1_000);
});
