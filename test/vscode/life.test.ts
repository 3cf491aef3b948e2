/** What becomes of servers and transfers when windows, processes and machines do what they do (docs/life.md). */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { SplitClient } from '../../src/client/split-client.ts';
import { test } from './fixture.ts';
import { type ProcessTree, processTree } from './processes.ts';
import type { VSCode } from './vscode.ts';
import type { Workbench } from './workbench.ts';
import type { Workspace } from './workspace.ts';

// A server notices within seconds that a client is silent, as it would within an hour.
test.override('variables', 'FTP_STALL_TIMEOUT=4\nFTP_IDLE_TIMEOUT=4\n');

const size = 1024 ** 3;

/** Begins an upload that takes a while, a file of holes, and waits until some of it has arrived. */
async function beginUpload(window: Workbench, workspace: Workspace): Promise<void> {
  await workspace.makeLarge('film.mp4', 1);
  await window.menu(window.local('film.mp4'), 'Upload to SplitFTP');
  await window.openContainer();
  await window
    .transfer(' of 1 GB')
    .getByText(/MB of 1 GB/)
    .waitFor();
}

async function expectUploaded(window: Workbench, client: SplitClient): Promise<void> {
  await window.transfer('film.mp4').locator('.codicon-check').waitFor({ timeout: 120_000 });
  expect((await client.list('/')).map((entry) => [entry.name, entry.size])).toEqual([['film.mp4', size]]);
}

function onlyHost({ extensionHosts }: VSCode): number {
  const [host, ...others] = extensionHosts;
  if (host === undefined || others.length > 0) throw new Error('one extension host was expected');
  return host;
}

test('a window that closes leaves its servers and its queue to the other window', async ({
  openWindow,
  workspace,
  client,
  code,
}) => {
  const first = await openWindow();
  const [host = 0] = code.extensionHosts;
  const second = await openWindow();
  await beginUpload(first, workspace);
  await second.openContainer();
  // Each window has a queue of its own: nothing is transferred twice.
  expect(await second.transfer('film.mp4').count()).toBe(0);
  await first.page.close();
  process.kill(host, 'SIGKILL');
  await second.transfer('film.mp4').waitFor();
  await expectUploaded(second, client);
  await second.server('Coordinator').waitFor();
});

test('an extension host that is killed in the middle of a transfer comes back and goes on', async ({
  openWindow,
  workspace,
  client,
  code,
}) => {
  const window = await openWindow();
  await beginUpload(window, workspace);
  process.kill(onlyHost(code), 'SIGKILL');
  // VS Code starts another one by itself.
  await expectUploaded(window, client);
});

const sleeps: readonly (readonly [string, (tree: ProcessTree) => readonly number[]])[] = [
  ['the whole machine', ({ host, servers }) => [host, ...servers]],
  ['the window, whose connections are cut meanwhile', ({ host }) => [host]],
  ['the servers', ({ servers }) => servers],
];
// Processes are stopped by signals, which not every system has.
test.runIf(process.platform === 'linux').for(sleeps)(
  '%s sleeps in the middle of a transfer and goes on',
  async ([, asleep], { openWindow, workspace, client, code }) => {
    const window = await openWindow();
    await beginUpload(window, workspace);
    const pids = asleep(await processTree(onlyHost(code)));
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    // The sleep itself: longer than servers wait for somebody who says nothing, so that every timer is late.
    await delay(10_000);
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    await expectUploaded(window, client);
    await window.server('Coordinator').waitFor();
  },
);
