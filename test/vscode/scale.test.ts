/** A folder tree of 20,000 files in the installed extension: progress at once, and a cancel that is one. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { SplitClient } from '../../src/client/split-client.ts';
import { test } from './fixture.ts';

const folders = 200;
const filesPerFolder = 100;
/** Seconds that a cancel may take on a machine that does much else; the issue asks for one on a quiet one. */
const patience = 10;

// What VS Code itself does with so many files is not measured.
test.override('settings', { 'files.watcherExclude': { '**/tree/**': true } });

async function makeTree(workspace: string): Promise<string> {
  const tree = join(workspace, 'tree');
  for (let folder = 1; folder <= folders; folder++) {
    const path = join(tree, `folder ${folder}`);
    await mkdir(path, { recursive: true });
    const names = Array.from({ length: filesPerFolder }, (_, index) => `file ${index + 1}.txt`);
    await Promise.all(names.map((name) => writeFile(join(path, name), name)));
  }
  return tree;
}

async function storedFiles(client: SplitClient): Promise<number> {
  const [coordinator] = (await client.status()).filter((report) => report.kind === 'coordinator');
  return coordinator?.files ?? 0;
}

test('a tree of 20,000 files shows progress while it is counted, and a cancel ends it', async ({
  openWindow,
  workspace,
  client,
}) => {
  const tree = await makeTree(workspace.folder);
  const window = await openWindow();
  /** Uploads one more file through the same queue. */
  const uploadAnother = async (name: string) => {
    await writeFile(join(workspace.folder, name), name);
    await window.run('SplitFTP: Upload');
    await window.answerPath(join(workspace.folder, name), 'Upload');
    await window.pick('Upload to /');
    await expect
      .poll(async () => (await client.stat(`/${name}`))?.size, { timeout: 60_000 })
      .toBe(name.length);
  };
  await window.openContainer();
  await window.transfers.getByText('Uploads and downloads appear here').waitFor();
  const progressTexts = await window.textsOf('Transfers', / files?,/);

  await window.run('SplitFTP: Upload');
  await window.answerFolder(tree, 'Upload');
  const batch = window.transfer('tree');
  await window.transfers.getByText(/[1-9][\d,]* of 20,000 files, \d/).waitFor({ timeout: 300_000 });
  const counted = (await progressTexts()).filter((text) => text.includes('still counting'));
  console.log(`while it was counted: ${counted.join(' | ')}`);
  expect(counted).not.toEqual([]);
  await window.picture('60-twenty-thousand');

  const opened = performance.now();
  await window.openFolder('tree', 'folder 1', (name) =>
    window.stored.locator('.monaco-list-row', { hasText: name }).first(),
  );
  console.log(`the stored folder was open after ${Math.round(performance.now() - opened)} ms`);

  // As a person does: the button is held down for a moment, and the transfer goes on meanwhile.
  await batch.hover();
  await batch.locator('.actions .action-label[aria-label^="Cancel"]').click({ delay: 500 });
  const clicked = performance.now();
  await batch.getByText(/[\d,]+ canceled/).waitFor();
  // The title tells how far it is as long as anything moves.
  await window.transfers.locator('.pane-header[aria-label*=" of "]').waitFor({ state: 'detached' });
  const seconds = (performance.now() - clicked) / 1000;
  console.log(`cancel: nothing moved any more after ${seconds.toFixed(2)} s`);
  expect(seconds).toBeLessThan(patience);
  await window.picture('61-twenty-thousand-canceled');

  await uploadAnother('first.txt');
  const first = await storedFiles(client);
  await uploadAnother('second.txt');
  expect(await storedFiles(client)).toBe(first + 1);
  expect(first).toBeLessThan(folders * filesPerFolder);
});
