/** The extension inside a real extension host. */
import * as v from 'valibot';
import { describe, expect } from 'vitest';
import { test } from './fixture.ts';
import { reported } from './inside.ts';
import { isRunning, untilGone } from './processes.ts';
import type { Workspace } from './workspace.ts';

test.override('options', { testDriver: true });

const reportedPids = async ({ folder }: Workspace) =>
  v.parse(v.array(v.number()), await reported(folder, 'pids.json'));

test('commands transfer files and folders, and the servers end with the window', async ({
  runInside,
  workspace,
}) => {
  const { ended } = await runInside('transfers');
  await ended;
  const pids = await reportedPids(workspace);
  expect(pids).toHaveLength(3);
  await untilGone(pids);
});

test('the servers end with a killed extension host', async ({ runInside, workspace, code }) => {
  await runInside('keep-running');
  const pids = await reportedPids(workspace);
  expect(pids).toHaveLength(3);
  expect(pids.every(isRunning)).toBe(true);
  for (const host of code.extensionHosts) process.kill(host, 'SIGKILL');
  await untilGone(pids);
});

test('a second window attaches, and starts its own servers when the first is gone', async ({
  runInside,
  workspace,
  code,
}) => {
  await runInside('keep-running');
  const pids = await reportedPids(workspace);
  const [first] = code.extensionHosts;
  const { ended } = await runInside('second-window');
  await Promise.race([reported(workspace.folder, 'attached.json'), ended]);
  expect(pids.every(isRunning)).toBe(true);
  if (first !== undefined) process.kill(first, 'SIGKILL');
  await ended;
  await untilGone(pids);
});

test('a paused queue outlives the extension host that was killed, and goes on in the next', async ({
  runInside,
  workspace,
  code,
}) => {
  const begun = await runInside('queue-begun');
  await Promise.race([reported(workspace.folder, 'queued.json', 120), begun.ended]);
  const pids = v.parse(v.array(v.number()), await reported(workspace.folder, 'queued.json'));
  for (const host of code.extensionHosts) process.kill(host, 'SIGKILL');
  await untilGone(pids);
  const { ended } = await runInside('queue-goes-on');
  await ended;
});

describe('a folder that is not trusted', () => {
  test.override('options', { testDriver: true, trust: false });
  test.override('settings', ({ workspace }) => ({ 'splitftp.port': workspace.port }));
  test("an untrusted folder's .env is not used: generated accounts, and the extension's own storage", async ({
    runInside,
  }) => {
    const { ended } = await runInside('untrusted');
    await ended;
  });
});
