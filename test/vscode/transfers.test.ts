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
  const progress = window.transfer(' of 8 GB');
  await progress.getByText(/ left, .*\/s, .*[MG]B of 8 GB$/).waitFor();
  await window.picture('30-transfer-running');

  await window.inline(row, 'Pause');
  await row.getByText('paused, 8 GB').waitFor();
  await progress.getByText(/[MG]B of 8 GB$/).waitFor();
  await window.picture('31-transfer-paused');
  await window.page.reload();
  await window.openContainer();
  await row.getByText('paused, 8 GB').waitFor();
  await progress.getByText(/[MG]B of 8 GB$/).waitFor();
  await window.inline(row, 'Resume');
  await progress.getByText(/ left, .*\/s, /).waitFor();
  await window.picture('32-transfer-resumed');

  await row.click();
  await window.page.keyboard.press(process.platform === 'darwin' ? 'Meta+Backspace' : 'Delete');
  await row.getByText('canceled').waitFor();
  expect(await client.list('/')).toEqual([]);
  await window.run('SplitFTP: Clear Finished Transfers');
  await window.transfers.getByText('Uploads and downloads appear here').waitFor();
  await window.picture('33-transfers-empty');
});

test('a click on Cancel counts, however long the button is held down while the transfers move', async ({
  openWindow,
  workspace,
  client,
}) => {
  await mkdir(join(workspace.folder, 'films'));
  await workspace.makeLarge('films/one.bin', 16);
  await workspace.makeLarge('films/two.bin', 16);
  const window = await openWindow();
  await window.openContainer();
  await window.run('SplitFTP: Upload');
  await window.answerFolder(join(workspace.folder, 'films'), 'Upload');
  const progress = window.transfer(' of 2 files');
  const [batch, one, two] = [
    window.transfer('films'),
    window.transfer('one.bin'),
    window.transfer('two.bin'),
  ];
  await one.locator('.codicon-cloud-upload').waitFor();
  await two.locator('.codicon-cloud-upload').waitFor();
  await expect.poll(() => window.badge(one), { timeout: 60_000 }).toMatch(/^([1-9]%|\d\d)$/);
  await window.picture('36-transfers-moving');

  for (const row of [one, batch]) {
    await row.hover();
    await row.locator('.actions .action-label[aria-label^="Cancel"]').hover();
    await window.page.mouse.down();
    for (let change = 1; change <= 3; change++) {
      const [text, badge] = [await progress.innerText(), await window.badge(batch)];
      await expect.poll(() => progress.innerText(), { timeout: 60_000 }).not.toBe(text);
      if (change === 1) await expect.poll(() => window.badge(batch), { timeout: 60_000 }).not.toBe(badge);
    }
    await window.page.mouse.up();
    await row.getByText('canceled').waitFor();
  }
  await batch.getByText('2 canceled').waitFor();
  expect(await client.list('/films')).toEqual([]);
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
  await window.transfer(' of 2 GB').waitFor();
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
