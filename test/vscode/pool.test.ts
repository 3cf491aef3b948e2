/** The Servers view, the pool map and the drill of the installed extension, in three themes. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { test } from './fixture.ts';
import type { Workbench } from './workbench.ts';

test.override('storageServers', 3);

/** What a screen reader finds on the pool map, and in which order. */
async function expectAccessible(window: Workbench): Promise<void> {
  const tree = await window.webview.locator('main').ariaSnapshot();
  const found = [
    '- heading "Pool map of /" [level=1]',
    '- heading "Storage servers" [level=2]',
    /switch "1: 127\.0\.0\.1:\d+, up, 3 parts, [^"]+" \[checked\]/,
    /switch "3: [^"]+" \[checked\]/,
    '- status: "Files: 3. Whole: 3, degraded: 0, not readable: 0."',
    /- img "Now [^"]+"/,
    '- table "Where the parts are"',
    '- columnheader "File"',
    '- columnheader "Storage server 3"',
    '- rowheader "/project/notes.txt"',
    /- cell "(data|parity) part"/,
  ].map((what) => (typeof what === 'string' ? tree.indexOf(what) : tree.search(what)));
  expect(found, tree).toEqual(found.toSorted((a, b) => a - b));
  expect(found, tree).not.toContain(-1);
}

interface Drawing {
  /** What is said of storage server 3. */
  readonly third: string;
  readonly result: string;
}

/** Notes what the pool map shows whenever that changes. @returns tells it */
async function drawings(window: Workbench): Promise<() => Promise<Drawing[]>> {
  const main = await window.webview.locator('main').elementHandle();
  const notes = await main?.evaluateHandle((element) => {
    const all: Drawing[] = [];
    const note = () => {
      const third = element.querySelectorAll('[role="switch"]')[2]?.getAttribute('aria-label') ?? '';
      all.push({ third, result: element.querySelector('#result')?.textContent ?? '' });
    };
    new MutationObserver(note).observe(element, { subtree: true, childList: true, attributes: true });
    return all;
  });
  return async () => (await notes?.jsonValue()) ?? [];
}

describe.for([
  ['Default Light Modern', 'light'],
  ['Default Dark Modern', 'dark'],
  ['Default High Contrast', 'high contrast'],
] as const)('%s', ([theme, name]) => {
  test.override('settings', { 'workbench.colorTheme': theme });
  test(`servers and the pool map, in ${name}`, async ({ openWindow, workspace }) => {
    const folder = join(workspace.folder, 'project');
    await mkdir(folder);
    for (const file of ['plans.pdf', 'photos.zip', 'notes.txt'])
      await writeFile(join(folder, file), Buffer.alloc(2_000_000, file));
    const window = await openWindow();
    // Until the servers have made their folders, the rows below the mouse move.
    await window.local('storage_folder3').waitFor();
    await window.local('server_folder').waitFor();
    await window.menu(window.local('project'), 'Upload to SplitFTP');
    await window.toast('3 files (5.7 MB) uploaded to /').waitFor();
    await window.clearToasts();
    await window.openContainer();
    await window.openFolder('project', 'plans.pdf', (name) =>
      window.stored.locator('.monaco-list-row', { hasText: name }),
    );
    for (const number of [1, 2, 3]) {
      await window
        .server(`Storage server ${number}`)
        .getByText(/up, \d+ parts?,/)
        .waitFor();
    }
    await window.server('Coordinator').getByText('2+1, 3 files').waitFor();
    await window.run('SplitFTP: Show Pool Map');
    const servers = window.webview.getByRole('switch');
    await servers.nth(2).waitFor();
    await window.webview.getByText('/project/photos.zip').waitFor();
    await window.webview.getByText('Whole: 3, degraded: 0').waitFor();
    await window.picture(`40-pool-map-${name}`);
    await expectAccessible(window);

    // By keyboard alone: one server may be gone, two may not.
    await servers.nth(0).focus();
    await window.page.keyboard.press('Space');
    await window.webview.getByText('Files that survive without storage server 1: 3 of 3.').waitFor();
    expect(await servers.nth(0).getAttribute('aria-checked')).toBe('false');
    await window.page.keyboard.press('Tab');
    await window.page.keyboard.press('Enter');
    await window.webview.getByText('Files that survive without storage servers 1, 2: 0 of 3.').waitFor();
    await window.picture(`41-what-if-${name}`);
  });
});

test('a storage server is stopped and started again from the view, and the map shows it', async ({
  openWindow,
  workspace,
  client,
}) => {
  const window = await openWindow();
  await writeFile(join(workspace.folder, 'plans.pdf'), Buffer.alloc(2_000_000, 'plans'));
  await client.upload([join(workspace.folder, 'plans.pdf')], '/');
  await window.openContainer();
  await window.run('SplitFTP: Show Pool Map');
  await window.webview.getByText('Whole: 1, degraded: 0').waitFor();
  const drawn = await drawings(window);
  const row = window.server('Storage server 3');
  await row.getByText(/up, \d+ parts?,/).waitFor();
  await window.inline(row, 'Stop Storage Server');
  await row.getByText(/down, /).waitFor();
  await window.webview.getByText('Whole: 0, degraded: 1').waitFor();
  // The table is of the moment of the server that is above it.
  const down = (await drawn()).filter(({ third }) => third.includes(', down, '));
  expect(down).not.toEqual([]);
  expect(down.filter(({ result }) => !result.includes('degraded: 1'))).toEqual([]);
  expect((await client.read('/plans.pdf')).equals(Buffer.alloc(2_000_000, 'plans'))).toBe(true);
  await window.picture('42-server-stopped');
  await window.inline(row, 'Start Storage Server');
  await row.getByText(/up, \d+ parts?,/).waitFor();

  // Each server has a log of its own, and its level can be changed while it runs.
  await window.menu(row, 'Show Log of Server');
  await window.output.getByText('logged in').first().waitFor();
  await window.run('Developer: Set Log Level...');
  await window.pick('SplitFTP Storage Server 3');
  await window.pick('Debug');
  await window.output.getByText('verb=').first().waitFor();
  await window.picture('44-log-of-server');
  expect(await window.outputText()).toContain('verb=');
  expect(await window.outputText()).not.toContain('secret word');
});

test('an issue is begun with the state of the pool, and without names, addresses and passwords', async ({
  openWindow,
}) => {
  const window = await openWindow();
  await window.run('SplitFTP: Report Issue...');
  await window.editor.getByText('"kind":"coordinator"').waitFor();
  await window.editor.getByText('"number":3').waitFor();
  await window.picture('47-report-issue');
  const text = await window.editor.innerText();
  for (const name of ['127.0.0.1', 'user1', 'secret', 'project']) expect(text).not.toContain(name);
});

test('the drill passes, and leaves nothing', async ({ openWindow, client }) => {
  const window = await openWindow();
  await window.run('SplitFTP: Drill');
  await window.dialog.getByRole('button', { name: 'Start Drill' }).click();
  await window.toast('Drill passed').waitFor({ timeout: 180_000 });
  await window.picture('43-drill-passed');
  expect(await client.list('/')).toEqual([]);
});
