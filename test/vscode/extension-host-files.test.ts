/** What is stored as a file system and as a tree, inside a real extension host. */
import { type Browser, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, test } from 'vitest';
import { browserLaunch, install } from './install.ts';
import { startVSCode, type VSCode } from './vscode.ts';
import { createWorkspace, runInside, type Workspace } from './window.ts';

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

test('the file system provider keeps its contract: errors, events, times, sizes, random operations', {
  timeout: 600_000,
}, async () => {
  const { ended } = await runInside(code, browser, workspace, 'file-system');
  await ended;
});

test('files can be reached although the servers were not started', { timeout: 200_000 }, async () => {
  await code.stop();
  code = await startVSCode({ testDriver: true, settings: { 'splitftp.autoStart': false } });
  const { ended } = await runInside(code, browser, workspace, 'on-demand');
  await ended;
});
