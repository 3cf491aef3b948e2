import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { EndingUploads } from '../../src/coordinator/ending-uploads.ts';

/** Whether it has resolved by now. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  for (let turns = 0; turns < 3; turns++) await setImmediate();
  return settled;
}

test('whoever goes on waits for what was given up, and for nothing else', async () => {
  const uploads = new EndingUploads();
  const given = new AbortController();
  const end = uploads.begin('/file', given.signal);
  const endOther = uploads.begin('/file', new AbortController().signal);
  expect(await isSettled(uploads.settled('/file'))).toBe(true); // Both go on.
  given.abort();
  const settled = uploads.settled('/file');
  expect(await isSettled(settled)).toBe(false);
  expect(await isSettled(uploads.settled('/another'))).toBe(true);
  end();
  expect(await isSettled(settled)).toBe(true);
  expect(await isSettled(uploads.settled('/file'))).toBe(true);
  endOther();
});

test('what is seen to be given up a moment later is waited for, too', async () => {
  const uploads = new EndingUploads();
  const lost = new AbortController();
  const end = uploads.begin('/file', lost.signal);
  const settled = uploads.settled('/file');
  await setImmediate();
  lost.abort();
  expect(await isSettled(settled)).toBe(false);
  end();
  expect(await isSettled(settled)).toBe(true);
});
