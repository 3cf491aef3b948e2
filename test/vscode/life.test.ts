/** What becomes of servers and transfers when windows, processes and machines do what they do (docs/life.md). */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { SplitClient } from '../../src/client/split-client.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { browserLaunch, install } from './install.ts';
import { type ProcessTree, processTree } from './processes.ts';
import { startVSCode, type VSCode } from './vscode.ts';
import { createWorkspace, root, type Workspace } from './window.ts';
import { Workbench } from './workbench.ts';

let browser: Browser;
let code: VSCode;
let workspace: Workspace;
let client: SplitClient;
/** All that were opened, the newest last. */
let windows: Workbench[];

beforeAll(async () => {
  await install(true);
  browser = await chromium.launch(browserLaunch);
}, 600_000);
afterAll(() => browser.close());

beforeEach(async () => {
  windows = [];
  // A server notices within seconds that a client is silent, as it would within an hour.
  workspace = await createWorkspace(2, 'FTP_STALL_TIMEOUT=4\nFTP_IDLE_TIMEOUT=4\n');
  const envFile = join(workspace.folder, '.env');
  client = new SplitClient((await loadConfiguration({ envFile, environment: {} })).coordinator);
  code = await startVSCode({ vsix: join(root, 'splitftp.vsix') });
});
afterEach(async ({ task }) => {
  for (const [index, window] of windows.entries()) {
    if (task.result?.state === 'fail') await window.picture(`failed ${task.name} ${index + 1}`);
    await window.page.close();
  }
  client.close();
  await code.stop();
  await workspace.remove();
});

async function openWindow(): Promise<Workbench> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(60_000);
  const window = new Workbench(page);
  windows.push(window);
  await window.open(code.url(workspace.folder));
  await window.expandFiles();
  await window.files.getByText('Nothing is stored yet').waitFor();
  return window;
}

const size = 1024 ** 3;

/** Begins an upload that takes a while, a file of holes, and waits until some of it has arrived. */
async function beginUpload(window: Workbench): Promise<void> {
  const file = await open(join(workspace.folder, 'film.mp4'), 'w');
  await file.truncate(size);
  await file.close();
  await window.menu(window.local('film.mp4'), 'Upload to SplitFTP');
  await window.openContainer();
  await window
    .transfer(' of 1 GB')
    .getByText(/MB of 1 GB/)
    .waitFor();
}

async function expectUploaded(window: Workbench): Promise<void> {
  await window.transfer('film.mp4').locator('.codicon-check').waitFor({ timeout: 120_000 });
  expect((await client.list('/')).map((entry) => [entry.name, entry.size])).toEqual([['film.mp4', size]]);
}

function onlyHost(): number {
  const [host, ...others] = code.extensionHosts;
  if (host === undefined || others.length > 0) throw new Error('one extension host was expected');
  return host;
}

test('a window that closes leaves its servers and its queue to the other window', {
  timeout: 400_000,
}, async () => {
  const first = await openWindow();
  const [host = 0] = code.extensionHosts;
  const second = await openWindow();
  await beginUpload(first);
  await second.openContainer();
  // Each window has a queue of its own: nothing is transferred twice.
  expect(await second.transfer('film.mp4').count()).toBe(0);
  await first.page.close();
  process.kill(host, 'SIGKILL');
  await second.transfer('film.mp4').waitFor();
  await expectUploaded(second);
  await second.server('Coordinator').waitFor();
});

test('an extension host that is killed in the middle of a transfer comes back and goes on', {
  timeout: 400_000,
}, async () => {
  const window = await openWindow();
  await beginUpload(window);
  process.kill(onlyHost(), 'SIGKILL');
  // VS Code starts another one by itself.
  await expectUploaded(window);
});

const sleeps: readonly (readonly [string, (tree: ProcessTree) => readonly number[]])[] = [
  ['the whole machine', ({ host, servers }) => [host, ...servers]],
  ['the window, whose connections are cut meanwhile', ({ host }) => [host]],
  ['the servers', ({ servers }) => servers],
];
// Processes are stopped by signals, which not every system has.
test.runIf(process.platform === 'linux').each(sleeps)(
  '%s sleeps in the middle of a transfer and goes on',
  {
    timeout: 400_000,
  },
  async (_, asleep) => {
    const window = await openWindow();
    await beginUpload(window);
    const pids = asleep(await processTree(onlyHost()));
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    // The sleep itself: longer than servers wait for somebody who says nothing, so that every timer is late.
    await delay(10_000);
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    await expectUploaded(window);
    await window.server('Coordinator').waitFor();
  },
);
