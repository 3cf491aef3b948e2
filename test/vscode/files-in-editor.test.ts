/**
 * Stored files as a person works with them in VS Code: in the tree by mouse, keyboard and drag and drop, in editors,
 * in comparisons, as a folder of the workspace. The extension is installed from the VSIX of `npm run package`.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { describe, expect } from 'vitest';
import type { SplitClient } from '../../src/client/split-client.ts';
import { SqliteCatalogue } from '../../src/coordinator/catalogue/sqlite-catalogue.ts';
import { RunningCommand } from '../integration/command.ts';
import { test } from './fixture.ts';
import type { Workbench } from './workbench.ts';
import type { Workspace } from './workspace.ts';

// What is larger than a MB is asked about before it is opened.
test.override('settings', { 'splitftp.editor.largeFileMB': 1 });

async function eventually(look: () => Promise<unknown>, wanted: unknown): Promise<void> {
  await expect.poll(look, { timeout: 60_000, interval: 250 }).toEqual(wanted);
}

const names = async (client: SplitClient, folder: string) =>
  (await client.list(folder)).map(({ name }) => name);
const content = async (client: SplitClient, path: string) => String(await client.read(path));

test('a stored file is opened, edited and saved; what others store shows by itself', async ({
  openWindow,
  workspace,
  client,
}) => {
  const window = await openWindow();
  await client.makeDirectory('/letters');
  await client.write('/letters/to Grüße 100%.txt', Buffer.from('Dear reader'));
  await client.write('/large.txt', Buffer.alloc(1_100_000, 'large\n'));
  // Nobody asks for a refresh.
  await window.openFolder('letters', 'to Grüße 100%.txt');
  await window.file('to Grüße').click();
  await window.editor.getByText('Dear reader').waitFor();
  await window.editor.click();
  await window.page.keyboard.press('ControlOrMeta+End');
  await window.page.keyboard.type(', all is well.');
  await window.page.keyboard.press('ControlOrMeta+s');
  await eventually(() => content(client, '/letters/to Grüße 100%.txt'), 'Dear reader, all is well.');
  await window.picture('30-edited');

  await client.write('/letters/to Grüße 100%.txt', Buffer.from('Changed by somebody else'));
  await window.editor.getByText('Changed by somebody else').waitFor();

  await window.menu(window.file('letters').first(), 'New File');
  await window.answer('draft.md');
  await window.tab('draft.md').waitFor();
  await window.editor.click();
  await window.page.keyboard.type('# Draft');
  await window.page.keyboard.press('ControlOrMeta+s');
  await eventually(() => content(client, '/letters/draft.md'), '# Draft');

  await window.file('large.txt').click();
  await window.dialog.getByText('"/large.txt" is large (1 MB)').waitFor();
  await window.picture('31-large-file');
  await window.dialog.getByRole('button', { name: 'Open', exact: true }).click();
  await window.tab('large.txt').waitFor();
  await window.editor.getByText('large').first().waitFor();

  await writeFile(join(workspace.folder, 'draft.md'), '# Draft\n\nwith more\n');
  await window.menu(window.file('draft.md'), 'Compare with Local File');
  await window.answerPath(join(workspace.folder, 'draft.md'), 'Compare');
  await window.tab('draft.md (stored)').waitFor();
  await window.page.locator('.monaco-diff-editor').getByText('with more').waitFor();
  await window.picture('32-compare');
});

test('things are dragged into the tree, in it, and out of it', async ({ openWindow, workspace, client }) => {
  const bytes = randomBytes(300_000);
  await mkdir(join(workspace.folder, 'photos'));
  await writeFile(join(workspace.folder, 'photos', 'one.jpg'), bytes);
  await writeFile(join(workspace.folder, 'notes.txt'), 'from the explorer');
  const window = await openWindow();
  await client.makeDirectory('/folder');
  await client.write('/first.txt', Buffer.from('first'));
  await client.write('/second.txt', Buffer.from('second'));
  await window.file('second.txt').waitFor();

  await window.drag(window.local('notes.txt'), window.file('folder'));
  await eventually(() => names(client, '/folder'), ['notes.txt']);
  expect(await content(client, '/folder/notes.txt')).toBe('from the explorer');
  await window.drag(window.local('photos'), window.file('folder'));
  await eventually(() => names(client, '/folder'), ['notes.txt', 'photos']);
  await eventually(() => names(client, '/folder/photos'), ['one.jpg']);
  await eventually(() => client.read('/folder/photos/one.jpg'), bytes);
  await window.clearToasts();

  await window.addToSelection(window.file('first.txt'));
  await window.addToSelection(window.file('second.txt'));
  await window.drag(window.file('second.txt'), window.file('folder'));
  await eventually(() => names(client, '/folder'), ['first.txt', 'notes.txt', 'photos', 'second.txt']);
  await eventually(() => names(client, '/'), ['folder']);
  await window.openFolder('folder', 'photos');
  await window.picture('33-dragged');

  await window.drag(window.file('second.txt'), window.page.locator('.editor-group-container').first());
  await window.tab('second.txt').waitFor();
  await window.editor.getByText('second').first().waitFor();

  // From the operating system a browser gives the content alone.
  await dropFile(window, window.file('folder').first(), 'desktop ü.txt', 'from the desktop');
  await eventually(
    () => names(client, '/folder'),
    ['desktop ü.txt', 'first.txt', 'notes.txt', 'photos', 'second.txt'],
  );
  expect(await content(client, '/folder/desktop ü.txt')).toBe('from the desktop');
  await dropFile(window, window.file('folder').first(), 'first.txt', 'another first');
  await window.quickInput.getByText('"/folder/first.txt" exists already').waitFor();
  expect(await content(client, '/folder/first.txt')).toBe('first');
  await window.pick('Keep Both');
  await eventually(() => content(client, '/folder/first (2).txt').catch(() => undefined), 'another first');
  expect(await content(client, '/folder/first.txt')).toBe('first');
});

test('the tree is used by keyboard, for several files at a time', async ({ openWindow, client }) => {
  const window = await openWindow();
  await client.makeDirectory('/target');
  for (const name of ['a.txt', 'b.txt', 'c.txt', 'd.txt']) await client.write(`/${name}`, Buffer.from(name));
  await window.file('d.txt').waitFor();
  const press = (...keys: string[]) =>
    keys.reduce((done, key) => done.then(() => window.page.keyboard.press(key)), Promise.resolve());

  await window.addToSelection(window.file('a.txt'));
  await press('F2');
  await window.answer('new.txt');
  await eventually(() => names(client, '/'), ['b.txt', 'c.txt', 'd.txt', 'new.txt', 'target']);
  await window.file('new.txt').waitFor();

  await window.addToSelection(window.file('b.txt'));
  await press('Enter');
  await window.tab('b.txt').waitFor();
  await window.file('b.txt').click();
  await window.file('c.txt').click({ modifiers: ['Shift'] });
  await window.menu(window.file('c.txt'), 'Compare Selected');
  await window.tab('b.txt (stored) ↔ c.txt (stored)').waitFor();

  await window.file('b.txt').click();
  await window.file('c.txt').click({ modifiers: ['Shift'] });
  await window.menu(window.file('c.txt'), 'Move to');
  await window.pick('target');
  await window.pick('Move to /target');
  await eventually(() => names(client, '/target'), ['b.txt', 'c.txt']);
  await window.file('b.txt').waitFor({ state: 'detached' });

  await window.addToSelection(window.file('d.txt'));
  await window.addToSelection(window.file('new.txt'));
  await press(process.platform === 'darwin' ? 'Meta+Backspace' : 'Delete');
  await window.dialog.getByText('Delete 2 files and folders from all storage servers?').waitFor();
  await window.dialog.getByRole('button', { name: 'Delete' }).click();
  await eventually(() => names(client, '/'), ['target']);

  // VS Code's own find in trees.
  await window.openFolder('target', 'b.txt');
  await window.file('b.txt').click();
  await press('ControlOrMeta+Alt+f');
  await window.page.keyboard.type('c.t');
  await window.page.locator('.monaco-tree-type-filter').waitFor();
  await window.picture('34-find');
});

test('the pool becomes a folder of the workspace', async ({ openWindow, client }) => {
  const window = await openWindow();
  await client.makeDirectory('/ideas');
  await client.write('/ideas/plan.txt', Buffer.from('the plan'));
  await window.file('ideas').waitFor();
  await window.run('SplitFTP: Open in Workspace');
  await window.pick('Open /');
  const mounted = window.local('SplitFTP');
  await mounted.waitFor();
  await window.openFolder('ideas', 'plan.txt', (name) => window.local(name));
  await window.local('plan.txt').click();
  await window.editor.getByText('the plan').waitFor();
  await window.editor.click();
  await window.page.keyboard.press('ControlOrMeta+End');
  await window.page.keyboard.type(' is good');
  await window.page.keyboard.press('ControlOrMeta+s');
  await eventually(() => content(client, '/ideas/plan.txt'), 'the plan is good');
  await client.write('/ideas/by somebody else.txt', Buffer.from('new'));
  await window.local('by somebody else.txt').waitFor();
  await window.picture('35-mounted');
});

describe('three storage servers', () => {
  test.override('storageServers', 3);
  test('files whose storage servers are down are marked, and said to a screen reader', async ({
    openWindow,
    workspace,
    client,
  }) => {
    // Not the window's own servers, so that one can end and the others stay.
    const servers: RunningCommand[] = [];
    for (const args of [['storage', '1'], ['storage', '2'], ['storage', '3'], ['coordinator']]) {
      servers.push(await startProgram(workspace, ...args));
    }
    const [, second, last] = servers;
    try {
      const window = await openWindow();
      await client.write('/important.txt', Buffer.from('important'));
      const label = () => window.file('important.txt').getAttribute('aria-label');
      const told = (words: string) => expect.poll(label, { timeout: 120_000 }).toContain(words);
      await window.file('important.txt').waitFor();
      expect(await label()).toBe('important.txt, 9 bytes');

      await last?.stop();
      await told('Degraded: ');
      await window.picture('37-degraded');
      await window.file('important.txt').click();
      await window.editor.getByText('important').waitFor();
      await second?.stop();
      await told('Cannot be read now: ');
      await window.picture('38-unavailable');

      servers.push(
        await startProgram(workspace, 'storage', '2'),
        await startProgram(workspace, 'storage', '3'),
      );
      await expect.poll(label, { timeout: 120_000 }).toBe('important.txt, 9 bytes');
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  });
});

test('ten thousand files in one folder are listed, reached, changed and followed', async ({
  openWindow,
  workspace,
  client,
}) => {
  // Into the catalogue before the coordinator starts: uploading them is not what is tested.
  const catalogue = new SqliteCatalogue(join(workspace.folder, 'server_folder'));
  await catalogue.makeDirectory('/many');
  for (let number = 1; number <= 10_000; number++) {
    const upload = { file: randomUUID(), append: undefined, segments: [] };
    await catalogue.commitFile(`/many/file ${number}.txt`, upload);
  }
  await catalogue.close();
  const window = await openWindow((window) => window.file('many'));
  const begin = performance.now();
  await window.openFolder('many', 'file 1.txt');
  console.log(`10,000 files were on the screen after ${Math.round(performance.now() - begin)} ms`);
  await window.file('file 1.txt').click();
  await window.addToSelection(window.file('file 2.txt'));
  await window.page.mouse.move(700, 400); // The tooltip of the row below the mouse would cover the next one.
  await window.page.keyboard.press('End');
  await window.file('file 10000.txt').waitFor();
  await client.write('/many/file 10001.txt', Buffer.from('by somebody else'));
  const shown = window.file('file 10001.txt');
  for (let attempt = 1; attempt <= 60 && !(await shown.isVisible()); attempt++) {
    await window.page.keyboard.press('End');
    await window.page.waitForTimeout(1_000);
  }
  await shown.click();
  await window.editor.getByText('by somebody else').waitFor();
  await window.picture('39-ten-thousand');
  await window.menu(shown, 'Rename');
  await window.answer('zzz.txt');
  await window.file('zzz.txt').waitFor();
});

describe.for(['Default Dark Modern', 'Default Light Modern', 'Default High Contrast'])('%s', (theme) => {
  test.override('settings', { 'workbench.colorTheme': theme });
  test(`looks right in ${theme}`, async ({ openWindow, client, workspace }) => {
    const window = await openWindow();
    await window.picture(`36-empty ${theme}`);
    await client.makeDirectory('/documents');
    for (const name of ['photo.jpg', 'report.pdf', 'table.csv']) {
      await client.write(`/documents/${name}`, Buffer.alloc(12_345, name));
    }
    await window.openFolder('documents', 'table.csv');
    await window.file('table.csv').click();
    await window.tab('table.csv').waitFor();
    await window.picture(`36-files ${theme}`);

    await workspace.makeLarge('film.mp4', 64); // It moves as long as it is looked at.
    await window.run('SplitFTP: Upload');
    await window.answerPath(join(workspace.folder, 'film.mp4'), 'Upload');
    await window.pick('Upload to /');
    await window.openContainer();
    const row = window.transfer('film.mp4');
    await window
      .transfer(' of 64 GB')
      .getByText(/ left, .*\/s, /)
      .waitFor();
    await window.page.mouse.move(700, 400); // The tooltip would cover the title.
    await window.picture(`36-transfers ${theme}`);
    await window.inline(row, 'Cancel');
    await row.getByText('canceled').waitFor();
    await window.picture(`36-transfers-canceled ${theme}`);
    await window.openExplorer();
    await window.run('SplitFTP: Stop Servers');
    await window.files.getByText('The servers are stopped.').waitFor();
    await window.picture(`36-stopped ${theme}`);
  });
});

/** One of the three programs, as somebody runs it in a terminal. */
function startProgram(workspace: Workspace, ...args: readonly string[]): Promise<RunningCommand> {
  return new RunningCommand([...args, '--env', join(workspace.folder, '.env')], workspace.parent).ready();
}

/** As a browser tells of a file that is dragged from the desktop. */
async function dropFile({ page }: Workbench, row: Locator, name: string, text: string): Promise<void> {
  // In the page's own words: this program has no such classes.
  const data = await page.evaluateHandle(`(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([${JSON.stringify(text)}], ${JSON.stringify(name)}, { type: 'text/plain' }));
    return transfer;
  })()`);
  for (const type of ['dragenter', 'dragover', 'drop']) await row.dispatchEvent(type, { dataTransfer: data });
}
