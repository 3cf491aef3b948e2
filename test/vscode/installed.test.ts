/**
 * The extension as a person has it: installed from the VSIX of `npm run package`, used by mouse and keyboard.
 * Pictures are taken in `.test-results/`; with UPDATE_PICTURES=1 those of pool.test.ts become the README's.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { SplitClient } from '../../src/client/split-client.ts';
import { expectOnlyParts, partFile } from '../integration/stored-parts.ts';
import { test } from './fixture.ts';
import type { Workspace } from './workspace.ts';

test('a file goes up through the palette and the explorer, and comes down again', async ({
  openWindow,
  workspace,
}) => {
  const bytes = randomBytes(1_500_000);
  await writeFile(join(workspace.folder, 'report.pdf'), bytes);
  await mkdir(join(workspace.folder, 'pictures'));
  await writeFile(join(workspace.folder, 'pictures', 'a b.png'), randomBytes(70_000));

  const window = await openWindow();
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
  await window.onlyToast('uploaded to /pictures');
  await window.file('report.pdf').nth(1).waitFor();
  await window.picture('4-in-folders');
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

test('asks before it replaces, and "no" leaves only that file out', async ({ openWindow, workspace }) => {
  const file = join(workspace.folder, 'notes.txt');
  await writeFile(file, 'first');
  const window = await openWindow();
  await window.menu(window.local('notes.txt'), 'Upload to SplitFTP');
  await window.file('notes.txt').waitFor();
  await window.clearToasts();

  await writeFile(file, 'second version');
  await window.menu(window.local('notes.txt'), 'Upload to SplitFTP');
  await window.quickInput.getByText('"/notes.txt" exists already').waitFor();
  await window.picture('8-replace');
  await window.pick('Skip');
  await window.toast('1 file not replaced').waitFor();
  await window.file('5 bytes').waitFor();
  await window.clearToasts();

  await window.menu(window.local('notes.txt'), 'Upload to SplitFTP');
  await window.pick('Overwrite');
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

test('several files go up at once, and one answer for all decides what is replaced', async ({
  openWindow,
  workspace,
  client,
}) => {
  const names = ['big.bin', 'middle.bin', 'small.bin'];
  const uploadAll = () => window.menu(window.local('middle.bin'), 'Upload to SplitFTP');
  const first = await fill(workspace, names);
  const window = await openWindow();

  await window.addToSelection(window.local('big.bin'));
  await window.local('small.bin').click({ modifiers: ['Shift'] });
  await uploadAll();
  await window.onlyToast('3 files (703 KB) uploaded to /');
  expect(await stored(client, workspace, names)).toEqual(first);
  await window.clearToasts();

  const second = await fill(workspace, names);
  await uploadAll();
  await window.quickInput.getByText(/"\/\w+\.bin" exists already/).waitFor();
  await window.picture('13-replace-all');
  await window.pick('Overwrite All');
  // It would not come while another question is open.
  await window.toast('3 files (703 KB) uploaded to /').waitFor();
  expect(await stored(client, workspace, names)).toEqual(second);
  await window.clearToasts();

  await fill(workspace, names);
  await uploadAll();
  await window.pick('Skip All');
  await window.onlyToast('No files uploaded to /, 3 files not replaced');
  await window.picture('14-replaced-none');
  expect(await stored(client, workspace, names)).toEqual(second);
});

test('several entries of the tree are deleted with one key and one question', async ({
  openWindow,
  workspace,
  client,
  configuration,
}) => {
  await fill(workspace, ['keep.bin', 'old.bin']);
  await mkdir(join(workspace.folder, 'attic'));
  await fill(workspace, ['attic/inside.bin', 'attic/other.bin']);
  const window = await openWindow();
  await client.upload(
    ['attic', 'keep.bin', 'old.bin'].map((name) => join(workspace.folder, name)),
    '/',
  );
  await window.run('SplitFTP: Refresh');

  await window.openFolder('attic', 'inside.bin');
  // Deleted with its folder: it must not be missed then.
  await window.addToSelection(window.file('inside.bin'));
  await window.addToSelection(window.file('old.bin'));
  await window.page.keyboard.press(process.platform === 'darwin' ? 'Meta+Backspace' : 'Delete');
  await window.dialog.getByText('Delete 3 files and folders from all storage servers?').waitFor();
  await window.picture('15-delete-several');
  await window.dialog.getByRole('button', { name: 'Delete' }).click();
  await window.file('old.bin').waitFor({ state: 'detached' });
  await window.file('attic').waitFor({ state: 'detached' });
  await window.file('keep.bin').waitFor();
  await window.picture('16-deleted-several');
  expect(await window.toasts.count()).toBe(0);
  expect((await client.list('/')).map(({ path }) => path)).toEqual(['/keep.bin']);
  await expectOnlyParts({ configuration }, await client.where('/keep.bin'));
});

test('several files are picked in the palette and come down as one batch', async ({
  openWindow,
  workspace,
  client,
}) => {
  const names = ['big.bin', 'middle.bin', 'small.bin'];
  const contents = await fill(workspace, names);
  const target = join(workspace.folder, 'downloads');
  await mkdir(target);
  const window = await openWindow();
  await client.upload(
    names.map((name) => join(workspace.folder, name)),
    '/',
  );

  await window.run('SplitFTP: Download');
  await window.quickInput.getByRole('button', { name: 'Select Several' }).click();
  await window.pick('big.bin');
  await window.pick('small.bin');
  await window.picture('17-choose-several');
  await window.quickInput.getByRole('button', { name: 'OK' }).click();
  await window.answerFolder(target, 'Download Here');
  await window.onlyToast(`2 files (684 KB) downloaded to ${target}`);
  await window.picture('18-downloaded-several');
  expect((await readdir(target)).toSorted()).toEqual(['big.bin', 'small.bin']);
  expect(await readFile(join(target, 'big.bin'))).toEqual(contents[0]);
  expect(await readFile(join(target, 'small.bin'))).toEqual(contents[2]);
});

test('a failed download says why, in the log too, and "Retry" fetches what was missing', async ({
  openWindow,
  workspace,
  client,
  configuration,
}) => {
  const names = ['big.bin', 'middle.bin'];
  const contents = await fill(workspace, names);
  const window = await openWindow();
  await client.upload(
    names.map((name) => join(workspace.folder, name)),
    '/',
  );
  const [part] = (await client.where('/middle.bin')).filter(({ number }) => number === 2);
  if (part === undefined) throw new Error('The second storage server has no part');
  const path = partFile({ configuration }, part);
  await rename(path, join(workspace.parent, 'lost part'));
  await window.run('SplitFTP: Refresh');

  const download = async (folder: string) => {
    const target = join(workspace.folder, folder);
    await mkdir(target);
    await window.menu(window.file('middle.bin'), 'Download');
    await window.answerFolder(target, 'Download Here');
    await window.onlyToast(`1 file (684 KB) downloaded to ${target}, 1 file failed`);
    return target;
  };
  await window.addToSelection(window.file('big.bin'));
  await window.addToSelection(window.file('middle.bin'));
  await download('first');
  const reason = '/middle.bin: part 2 of the file, on storage server 2';
  await window.toast(reason).waitFor();
  await window.picture('19-failed');
  await window.toasts.getByRole('button', { name: 'Show Logs' }).click();
  await window.output.getByText(reason).first().waitFor();
  await window.picture('20-failure-in-log');

  const target = await download('second');
  await rename(join(workspace.parent, 'lost part'), path);
  await window.toasts.getByRole('button', { name: 'Retry' }).click();
  await window.onlyToast(`1 file (20 KB) downloaded to ${target}`);
  await window.picture('21-retried');
  // What the first try brought is neither asked about nor told again.
  expect(await window.toasts.innerText()).not.toContain('not replaced');
  for (const [index, name] of names.entries()) {
    expect(await readFile(join(target, name))).toEqual(contents[index]);
  }
});

test('a port in use is said, and one button takes another', async ({ openWindow, workspace }) => {
  const intruder = createServer((socket) => socket.destroy()).listen(workspace.port, '127.0.0.1');
  const window = await openWindow((window) =>
    window.toast(`Port ${workspace.port} (FTP_PORT) is in use by another program.`),
  );
  await window.toasts.getByRole('button', { name: /^Use Port \d+ Instead$/ }).click();
  await window.files.getByText('Nothing is stored yet').waitFor();
  const text = await readFile(join(workspace.folder, '.env'), 'utf8');
  const [, port] = /^FTP_PORT=(\d+)$/m.exec(text) ?? [];
  expect(Number(port)).toBeGreaterThan(workspace.port);
  expect(text).toContain(`FTP_PORT1=${workspace.port + 1}\n`);
  intruder.close();
});

test('a port in use is said with its remedy, and a restart works once it is free', async ({
  openWindow,
  workspace,
}) => {
  const intruder = createServer((socket) => socket.destroy()).listen(workspace.port, '127.0.0.1');
  const window = await openWindow((window) =>
    window.toast(`Port ${workspace.port} (FTP_PORT) is in use by another program`),
  );
  await window.picture('11-port-in-use');
  await window.toasts.getByRole('button', { name: 'Open .env' }).click();
  await window.page.locator('.tab', { hasText: '.env' }).waitFor();
  intruder.close();
  await window.status.click();
  await window.pick('Restart');
  await window.files.getByText('Nothing is stored yet').waitFor();

  await window.run('SplitFTP: Show Logs');
  await window.output.getByText('stop it or set FTP_PORT to a free port').first().waitFor();
  await window.picture('12-log');
  expect(await window.outputText()).toContain('FTP_PORT');
  expect(await window.outputText()).not.toContain('secret word');
});

/** Writes new random files into the workspace: parts of several blocks, of one, and one that cannot be divided. */
async function fill(workspace: Workspace, names: readonly string[]): Promise<Buffer[]> {
  const contents = names.map((_, index) => randomBytes([700_000, 20_000, 1][index] ?? 1));
  await Promise.all(
    contents.map((bytes, index) => writeFile(join(workspace.folder, names[index] ?? ''), bytes)),
  );
  return contents;
}

async function stored(
  client: SplitClient,
  workspace: Workspace,
  names: readonly string[],
): Promise<Buffer[]> {
  const folder = join(workspace.parent, 'stored');
  await client.download(
    names.map((name) => `/${name}`),
    folder,
  );
  return Promise.all(names.map((name) => readFile(join(folder, name))));
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
