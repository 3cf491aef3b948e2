/** What is stored as a file system and as a tree, inside a real extension host. */
import { describe } from 'vitest';
import { test } from './fixture.ts';

test.override('options', { testDriver: true });

test('the file system provider keeps its contract: errors, events, times, sizes, random operations', async ({
  runInside,
}) => {
  const { ended } = await runInside('file-system');
  await ended;
});

describe('without automatic start', () => {
  test.override('settings', { 'splitftp.autoStart': false });
  test('files can be reached although the servers were not started', async ({ runInside }) => {
    const { ended } = await runInside('on-demand');
    await ended;
  });
});
