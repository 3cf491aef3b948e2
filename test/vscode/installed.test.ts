/**
 * The extension as a person has it: installed from the VSIX of `npm run package`, used by mouse and keyboard.
 * Pictures are taken in `.test-results/`, and with UPDATE_PICTURES=1 the README's as well.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { browserLaunch, install } from './install.ts';
import { startVSCode, type VSCode } from './vscode.ts';
import { createWorkspace, root, type Workspace } from './window.ts';
import { Workbench } from './workbench.ts';

let browser: Browser;
let code: VSCode;
let workspace: Workspace;
let window: Workbench;

beforeAll(async () => {
  await install(true);
  browser = await chromium.launch(browserLaunch);
}, 600_000);
afterAll(() => browser.close());

beforeEach(async () => {
  workspace = await createWorkspace();
  code = await startVSCode({ vsix: join(root, 'splitftp.vsix') });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(30_000);
  window = new Workbench(page);
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await window.picture(`failed ${task.name}`);
  await window.page.close();
  await code.stop();
  await workspace.remove();
});

test('a file goes up through the palette and the explorer, and comes down again', {
  timeout: 180_000,
}, async () => {
  const bytes = randomBytes(1_500_000);
  await writeFile(join(workspace.folder, 'report.pdf'), bytes);
  await mkdir(join(workspace.folder, 'pictures'));
  await writeFile(join(workspace.folder, 'pictures', 'a b.png'), randomBytes(70_000));

  await window.open(code.url(workspace.folder));
  await window.expandFiles();
  await window.files.getByText('Nothing is stored yet').waitFor();
  await window.picture('1-started');

  await window.run('SplitFTP: Upload');
  await window.answerPath(join(workspace.folder, 'report.pdf'), 'Upload');
  await window.toast('1 file (1.4 MB) uploaded to /').waitFor();
  await window.file('report.pdf').waitFor();
  await window.picture('2-uploaded');
  for (const number of [1, 2]) {
    const parts = await filesBelow(join(workspace.folder, `storage_folder${number}`));
    const stored = await Promise.all(parts.map((part) => readFile(part)));
    expect(Math.max(...stored.map(({ length }) => length))).toBeGreaterThan(bytes.length / 2);
  }
  await window.clearToasts();

  await window.menu(window.local('pictures'), 'Upload to SplitFTP');
  await window.toast('1 file (68 KB) uploaded to /').waitFor();
  await window.file('pictures').click();
  await window.file('a b.png').waitFor();
  await window.clearToasts();

  await window.menu(window.local('report.pdf'), 'Upload to SplitFTP');
  await window.quickInput.getByText('Upload to /').waitFor();
  await window.picture('3-choose-folder');
  await window.pick('pictures');
  await window.pick('Upload to /pictures');
  await window.toast('uploaded to /pictures').waitFor();
  await expect.poll(() => window.file('report.pdf').count()).toBe(2);
  await expect.poll(() => window.toasts.count()).toBe(1);
  await window.picture('4-in-folders');
  if (process.env.UPDATE_PICTURES) await window.page.screenshot({ path: join(root, 'media/screenshot.png') });
  await window.clearToasts();

  const target = join(workspace.folder, 'downloads');
  await mkdir(target);
  await window.run('SplitFTP: Download');
  await window.quickInput.getByText('report.pdf').waitFor();
  await window.picture('5-choose-download');
  await window.pick('report.pdf');
  await window.answerFolder(target, 'Download Here');
  await window.toast(`1 file (1.4 MB) downloaded to ${target}`).waitFor();
  expect(await readFile(join(target, 'report.pdf'))).toEqual(bytes);
  await window.picture('6-downloaded');

  await window.run('SplitFTP: Stop Servers');
  await window.files.getByText('The servers are stopped.').waitFor();
  await window.picture('7-stopped');
});

test('asks before it replaces, and "no" leaves only that file out', { timeout: 180_000 }, async () => {
  const file = join(workspace.folder, 'notes.txt');
  await writeFile(file, 'first');
  await window.open(code.url(workspace.folder));
  await window.expandFiles();
  await window.files.getByText('Nothing is stored yet').waitFor();
  await window.menu(window.local('notes.txt'), 'Upload to SplitFTP');
  await window.file('notes.txt').waitFor();
  await window.clearToasts();

  await writeFile(file, 'second version');
  await window.menu(window.local('notes.txt'), 'Upload to SplitFTP');
  await window.dialog.getByText('"/notes.txt" exists already').waitFor();
  await window.picture('8-replace');
  await window.dialog.getByRole('button', { name: 'No', exact: true }).click();
  await window.toast('1 file not replaced').waitFor();
  await window.file('5 bytes').waitFor();
  await window.clearToasts();

  await window.menu(window.local('notes.txt'), 'Upload to SplitFTP');
  await window.dialog.getByRole('button', { name: 'Yes', exact: true }).click();
  await window.file('14 bytes').waitFor();
  await window.clearToasts();

  await window.menu(window.file('notes.txt'), 'Rename');
  await window.answer('renamed.txt');
  await window.file('renamed.txt').waitFor();
  await window.run('SplitFTP: New Folder');
  await window.answer('folder');
  await window.file('folder').waitFor();
  await window.menu(window.file('renamed.txt'), 'Delete');
  await window.picture('9-delete');
  await window.dialog.getByRole('button', { name: 'Delete' }).click();
  await window.file('renamed.txt').waitFor({ state: 'detached' });
});

test('a cancelled upload leaves nothing', { timeout: 180_000 }, async () => {
  const big = await open(join(workspace.folder, 'big.bin'), 'w');
  await big.truncate(8 * 1024 ** 3);
  await big.close();
  await window.open(code.url(workspace.folder));
  await window.expandFiles();
  await window.files.getByText('Nothing is stored yet').waitFor();
  await window.menu(window.local('big.bin'), 'Upload to SplitFTP');
  await window.toast('of 8 GB').waitFor();
  await window.picture('10-progress');
  await window.toast('of 8 GB').getByRole('button', { name: 'Cancel' }).click();
  await window.page.locator('.statusbar-item', { hasText: 'cancelled' }).waitFor();
  await window.run('SplitFTP: Refresh');
  await window.files.getByText('Nothing is stored yet').waitFor();
  expect(await window.file('big.bin').count()).toBe(0);
});

test('a port in use is said with its remedy, and a restart works once it is free', {
  timeout: 180_000,
}, async () => {
  const intruder = createServer((socket) => socket.destroy()).listen(workspace.port, '127.0.0.1');
  await window.open(code.url(workspace.folder));
  await window.toast(`Port ${workspace.port} (FTP_PORT) is in use by another program`).waitFor();
  await window.expandFiles();
  await window.picture('11-port-in-use');
  await window.toasts.getByRole('button', { name: 'Open .env' }).click();
  await window.page.locator('.tab', { hasText: '.env' }).waitFor();
  intruder.close();
  await window.status.click();
  await window.pick('Restart');
  await window.files.getByText('Nothing is stored yet').waitFor();

  await window.run('SplitFTP: Show Logs');
  await window.output.getByText('coordinator on ftp://').first().waitFor();
  await window.picture('12-log');
  expect(await window.output.innerText()).not.toContain('secret word');
});

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
