/** The Transfers view of the installed extension, used by mouse and keyboard. */
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { test } from './fixture.ts';

test('an upload is paused, survives a reload of the window, goes on, and is canceled without a trace', async ({
  openWindow,
  workspace,
  client,
}) => {
  await workspace.makeLarge('big.bin', 8);
  const window = await openWindow();
  await window.menu(window.local('big.bin'), 'Upload to SplitFTP');
  await window.openContainer();
  const row = window.transfer('big.bin');
  await row.getByText(/[MG]B of 8 GB/).waitFor();
  await window.picture('30-transfer-running');

  await window.inline(row, 'Pause');
  await row.getByText(/paused, .* of 8 GB/).waitFor();
  await window.picture('31-transfer-paused');
  await window.page.reload();
  await window.openContainer();
  await row.getByText(/paused, .* of 8 GB/).waitFor();
  await window.inline(row, 'Resume');
  await row.getByText(/\/s, .* left/).waitFor();
  await window.picture('32-transfer-resumed');

  await row.click();
  await window.page.keyboard.press(process.platform === 'darwin' ? 'Meta+Backspace' : 'Delete');
  await row.getByText('canceled').waitFor();
  expect(await client.list('/')).toEqual([]);
  await window.run('SplitFTP: Clear Finished Transfers');
  await window.transfers.getByText('Uploads and downloads appear here').waitFor();
  await window.picture('33-transfers-empty');
});

test('a running upload and a running download go on after a reload, and the history has the results', async ({
  openWindow,
  workspace,
  client,
}) => {
  await workspace.makeLarge('up.bin', 2);
  await workspace.makeLarge('down.bin', 1);
  const window = await openWindow();
  await client.upload([join(workspace.folder, 'down.bin')], '/');
  await mkdir(join(workspace.folder, 'target'));
  await window.run('SplitFTP: Refresh');
  await window.menu(window.file('down.bin'), 'Download...');
  await window.answerFolder(join(workspace.folder, 'target'), 'Download Here');
  await window.menu(window.local('up.bin'), 'Upload to SplitFTP');
  await window.openContainer();
  await window
    .transfer('up.bin')
    .getByText(/ of 2 GB/)
    .waitFor();
  await window.page.reload();
  await window.openContainer();
  await window.transfer('up.bin').locator('.codicon-check').waitFor({ timeout: 120_000 });
  await window.transfer('down.bin').locator('.codicon-check').waitFor({ timeout: 120_000 });
  await window.picture('34-transfer-history');
  expect((await client.stat('/up.bin'))?.size).toBe(2 * 1024 ** 3);
  expect((await stat(join(workspace.folder, 'target', 'down.bin'))).size).toBe(1024 ** 3);
  expect(await readdir(join(workspace.folder, 'target'))).toEqual(['down.bin']);
});

test('a question that is closed is asked again from the view', async ({ openWindow, workspace, client }) => {
  const file = join(workspace.folder, 'notes.txt');
  await writeFile(file, 'first');
  const window = await openWindow();
  await client.upload([file], '/');
  await window.menu(window.local('notes.txt'), 'Upload to SplitFTP');
  await window.quickInput.getByText('"/notes.txt" exists already').waitFor();
  await window.page.keyboard.press('Escape');
  await window.openContainer();
  const row = window.transfer('notes.txt');
  await row.getByText('needs your answer').waitFor();
  await window.picture('35-transfer-asking');
  await window.inline(row, 'Answer');
  await window.pick('Keep Both');
  await row.locator('.codicon-check').waitFor();
  expect((await client.list('/')).map(({ name }) => name)).toEqual(['notes (2).txt', 'notes.txt']);
});
