/** The extension inside a real extension host. */
import { type Browser, chromium } from 'playwright-core';
import * as v from 'valibot';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { browserLaunch, install } from './install.ts';
import { startVSCode, type VSCode } from './vscode.ts';
import { createWorkspace, isRunning, reported, runInside, untilGone, type Workspace } from './window.ts';

let browser: Browser;
let code: VSCode;
let workspace: Workspace;

beforeAll(async () => {
  await install(true);
  browser = await chromium.launch(browserLaunch);
}, 600_000);
afterAll(() => browser.close());

beforeEach(async () => {
  workspace = await createWorkspace();
  code = await startVSCode({ testDriver: true });
});
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  await code.stop();
  await workspace.remove();
});

const reportedPids = async () => v.parse(v.array(v.number()), await reported(workspace.folder, 'pids.json'));

test('commands transfer files and folders, and the servers end with the window', {
  timeout: 120_000,
}, async () => {
  const { ended } = await runInside(code, browser, workspace, 'transfers');
  await ended;
  const pids = await reportedPids();
  expect(pids).toHaveLength(3);
  await untilGone(pids);
});

test('the servers end with a killed extension host', { timeout: 120_000 }, async () => {
  await runInside(code, browser, workspace, 'keep-running');
  const pids = await reportedPids();
  expect(pids).toHaveLength(3);
  expect(pids.every(isRunning)).toBe(true);
  for (const host of code.extensionHosts) process.kill(host, 'SIGKILL');
  await untilGone(pids);
});

test('a second window attaches, and starts its own servers when the first is gone', {
  timeout: 120_000,
}, async () => {
  await runInside(code, browser, workspace, 'keep-running');
  const pids = await reportedPids();
  const [first] = code.extensionHosts;
  const { ended } = await runInside(code, browser, workspace, 'second-window');
  await Promise.race([reported(workspace.folder, 'attached.json'), ended]);
  expect(pids.every(isRunning)).toBe(true);
  if (first !== undefined) process.kill(first, 'SIGKILL');
  await ended;
  await untilGone(pids);
});

test('a paused queue outlives the extension host that was killed, and goes on in the next', {
  timeout: 400_000,
}, async () => {
  const begun = await runInside(code, browser, workspace, 'queue-begun');
  await Promise.race([reported(workspace.folder, 'queued.json', 120), begun.ended]);
  const pids = v.parse(v.array(v.number()), await reported(workspace.folder, 'queued.json'));
  for (const host of code.extensionHosts) process.kill(host, 'SIGKILL');
  await untilGone(pids);
  const { ended } = await runInside(code, browser, workspace, 'queue-goes-on');
  await ended;
});

test("an untrusted folder's .env is not used: generated accounts, and the extension's own storage", {
  timeout: 120_000,
}, async () => {
  await code.stop();
  const settings = { 'splitftp.port': workspace.port };
  code = await startVSCode({ testDriver: true, trust: false, settings });
  const { ended } = await runInside(code, browser, workspace, 'untrusted');
  await ended;
});
