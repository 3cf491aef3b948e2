/** Folders that are not trusted, settings that a folder brings along, and workspaces that are on no disk. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { freePorts } from '../ports.ts';
import { test as base, installed } from './fixture.ts';

/** Somebody's server that a folder's own settings want as coordinator and storage server: nobody may come to it. */
const test = base.extend('visitors', async ({ workspace }, { onCleanup }) => {
  let visitors = 0;
  const [port = 0] = await freePorts(1);
  const server = createServer((socket) => {
    visitors += 1;
    socket.destroy();
  }).listen(port, '127.0.0.1');
  onCleanup(() => {
    server.close();
  });
  const stranger = { host: '127.0.0.1', port, user: 'stranger', tls: 'off' };
  await mkdir(join(workspace.folder, '.vscode'));
  await writeFile(
    join(workspace.folder, '.vscode/settings.json'),
    JSON.stringify({
      'splitftp.port': port,
      'splitftp.storageFolders': [join(workspace.folder, 'chosen by the folder')],
      'splitftp.storageServers': [{ number: 11, ...stranger }],
      'splitftp.coordinator': stranger,
    }),
  );
  return () => visitors;
});

test.override('storageServers', 3);
test.override('settings', ({ workspace }) => ({ 'splitftp.port': workspace.port }));

describe('Restricted Mode', () => {
  test.override('options', { ...installed, trust: false });

  test('an untrusted folder chooses no servers, and its .env is used once it is trusted', async ({
    openWindow,
    workspace,
    client,
    visitors,
  }) => {
    await writeFile(join(workspace.folder, 'notes.txt'), 'mine');
    const before = (await readdir(workspace.folder)).toSorted();
    const window = await openWindow();
    await window.page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
    await window.menu(window.local('notes.txt'), 'Upload to SplitFTP');
    await window.file('notes.txt').waitFor();
    await window.clearToasts();
    await window.picture('70-restricted');
    // Neither its folders nor those of its settings have become storage.
    expect((await readdir(workspace.folder)).toSorted()).toEqual(before);

    await window.run('Workspaces: Manage Workspace Trust');
    await window.page
      .locator('.workspace-trust-editor')
      .getByRole('button', { name: 'Trust' })
      .first()
      .click();
    await window.toast('The configuration of SplitFTP has changed').waitFor();
    await window.picture('71-trusted');
    await window.toasts.getByRole('button', { name: 'Restart' }).click();
    await window.files.getByText('Nothing is stored yet').waitFor();
    await client.write('/by another client.txt', Buffer.from('hers'));
    await window.file('by another client.txt').waitFor();
    expect(visitors()).toBe(0);
  });
});

test("a trusted folder's own settings choose no servers either", async ({
  openWindow,
  workspace,
  visitors,
}) => {
  await rm(join(workspace.folder, '.env'));
  await writeFile(join(workspace.folder, 'notes.txt'), 'mine');
  const window = await openWindow();
  await window.menu(window.local('notes.txt'), 'Upload to SplitFTP');
  await window.file('notes.txt').waitFor();
  await window.openContainer();
  await window.server('Coordinator').getByText(`127.0.0.1:${workspace.port}`).waitFor();
  expect((await readdir(workspace.folder)).toSorted()).toEqual(['.vscode', 'notes.txt']);
  expect(visitors()).toBe(0);
});

test('a workspace that is on no disk, the pool itself, is worked in like any other', async ({
  openWindow,
  workspace,
}) => {
  const file = join(workspace.parent, 'pool.code-workspace');
  await writeFile(file, JSON.stringify({ folders: [{ uri: 'splitftp:/', name: 'The pool' }] }));
  await writeFile(join(workspace.parent, 'plan.txt'), 'the plan');
  const window = await openWindow(({ files }) => files.getByText('Nothing is stored yet'), file);
  await window.run('SplitFTP: Upload');
  await window.clickPath(join(workspace.parent, 'plan.txt'));
  await window.local('plan.txt').click();
  await window.editor.getByText('the plan').waitFor();
  await window.editor.click();
  await window.page.keyboard.press('ControlOrMeta+End');
  await window.page.keyboard.type(' is good');
  await window.page.keyboard.press('ControlOrMeta+s');
  await window.file('16 bytes').waitFor();
  await window.picture('72-virtual');
});
