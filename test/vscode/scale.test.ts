/** A folder tree of 20,000 files in the installed extension: progress at once, and a cancel that is one. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { SplitClient } from '../../src/client/split-client.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { browserLaunch, install } from './install.ts';
import { startVSCode, type VSCode } from './vscode.ts';
import { createWorkspace, root, type Workspace } from './window.ts';
import { Workbench } from './workbench.ts';

let browser: Browser;
let code: VSCode;
let workspace: Workspace;
let client: SplitClient;
let window: Workbench;

const folders = 200;
const filesPerFolder = 100;
/** Files at a time, as the setting has it: only what has begun when the cancel comes may still arrive. */
const concurrent = 4;

beforeAll(async () => {
  await install(true);
  browser = await chromium.launch(browserLaunch);
}, 600_000);
afterAll(() => browser.close());

beforeEach(async () => {
  workspace = await createWorkspace();
  const envFile = join(workspace.folder, '.env');
  client = new SplitClient((await loadConfiguration({ envFile, environment: {} })).coordinator);
  const settings = {
    'splitftp.transfers.concurrent': concurrent,
    'files.watcherExclude': { '**/tree/**': true },
  };
  code = await startVSCode({ vsix: join(root, 'splitftp.vsix'), settings });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(60_000);
  window = new Workbench(page);
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await window.picture(`failed ${task.name}`);
  await window.page.close();
  client.close();
  await code.stop();
  await workspace.remove();
});

async function storedFiles(): Promise<number> {
  const [coordinator] = (await client.status()).filter((report) => report.kind === 'coordinator');
  return coordinator?.files ?? 0;
}

test('a tree of 20,000 files shows progress at once, and a cancel ends it', {
  timeout: 600_000,
}, async () => {
  const tree = join(workspace.folder, 'tree');
  for (let folder = 1; folder <= folders; folder++) {
    const path = join(tree, `folder ${folder}`);
    await mkdir(path, { recursive: true });
    const names = Array.from({ length: filesPerFolder }, (_, index) => `file ${index + 1}.txt`);
    await Promise.all(names.map((name) => writeFile(join(path, name), name)));
  }
  await window.open(code.url(workspace.folder));
  await window.expandFiles();
  await window.files.getByText('Nothing is stored yet').waitFor();
  await window.menu(window.local('tree'), 'Upload to SplitFTP');
  await window.openContainer();
  const batch = window.transfer('files').first();
  // Some are stored before all are counted, or not long after.
  await batch.getByText(/[1-9][\d,]* of [\d,]+ files/).waitFor({ timeout: 180_000 });
  await window.transfers.getByText('20,000 files').first().waitFor({ timeout: 180_000 });
  await window.picture('60-twenty-thousand');

  await window.inline(batch, 'Cancel');
  await batch.getByText(/[\d,]+ canceled/).waitFor();
  const before = await storedFiles();
  await window.picture('61-twenty-thousand-canceled');
  // Another one through the same queue: when it has arrived, whatever the queue had begun before has, too.
  await writeFile(join(workspace.folder, 'after.txt'), 'after');
  await window.run('SplitFTP: Upload');
  await window.answerPath(join(workspace.folder, 'after.txt'), 'Upload');
  await window.pick('Upload to /');
  await expect.poll(async () => (await client.stat('/after.txt'))?.size, { timeout: 60_000 }).toBe(5);
  expect((await storedFiles()) - before - 1).toBeLessThanOrEqual(concurrent);
  expect(before).toBeLessThan(folders * filesPerFolder);
});
