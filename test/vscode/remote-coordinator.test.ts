/** A coordinator that another program runs, used from the installed extension as if it were on another machine. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { formatFingerprint } from '../../src/config/fingerprint.ts';
import { coordinatorCertificateFiles, fingerprintOfFile } from '../../src/tls/certificate-files.ts';
import { startServers, type TestServers } from '../integration/servers.ts';
import { browserLaunch, install } from './install.ts';
import { startVSCode, type VSCode } from './vscode.ts';
import { createWorkspace, root, type Workspace } from './window.ts';
import { Workbench } from './workbench.ts';

let browser: Browser;
let code: VSCode;
let workspace: Workspace;
let servers: TestServers;
let window: Workbench;

beforeAll(async () => {
  await install(true);
  browser = await chromium.launch(browserLaunch);
}, 600_000);
afterAll(() => browser.close());

beforeEach(async () => {
  servers = await startServers({ storageServers: 2, settings: { FTP_TLS: 'required' } });
  workspace = await createWorkspace(3);
  // The settings decide where there is no such file.
  await rm(join(workspace.folder, '.env'));
  code = await startVSCode({
    vsix: join(root, 'splitftp.vsix'),
    settings: { 'splitftp.port': workspace.port },
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(60_000);
  window = new Workbench(page);
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await window.picture(`failed ${task.name}`);
  await window.page.close();
  await code.stop();
  await workspace.remove();
  await servers.stop();
});

test('connected to it, its files are shown and uploads go there; disconnected, the own servers are back', {
  timeout: 600_000,
}, async () => {
  const { coordinator } = servers.configuration;
  const client = servers.client();
  await writeFile(join(workspace.parent, 'shared.txt'), 'from elsewhere');
  await client.upload([join(workspace.parent, 'shared.txt')], '/');
  await writeFile(join(workspace.folder, 'mine.txt'), 'from here');
  await window.open(code.url(workspace.folder));
  await window.expandFiles();
  await window.files.getByText('Nothing is stored yet').waitFor();

  const answer = (password: string) =>
    window.answerServer(
      `127.0.0.1:${coordinator.port}`,
      coordinator.account.user,
      password,
      'TLS (explicit)',
    );
  await window.run('SplitFTP: Connect to Coordinator...');
  await answer('a mistyped password');
  const fingerprint = await fingerprintOfFile(coordinatorCertificateFiles(coordinator).certificate);
  await window.quickInput.getByText(formatFingerprint(fingerprint ?? '')).waitFor();
  await window.picture('65-connect-certificate');
  await window.pick('Trust This Certificate');
  await window.toast('refuses the login: check the user and the password').waitFor();
  await window.picture('66-connect-wrong-password');
  await window.toasts.getByRole('button', { name: 'Change Answers' }).click();
  await answer(coordinator.account.password);
  await window.file('shared.txt').waitFor();
  await window.openContainer();
  await window.server('Coordinator').getByText(`127.0.0.1:${coordinator.port}`).waitFor();
  await window.server('Storage server 2').getByText(/up, /).waitFor();
  await window.picture('67-connected');
  expect(await window.toasts.count()).toBe(0);

  await window.openExplorer();
  await window.menu(window.local('mine.txt'), 'Upload to SplitFTP');
  await window.file('mine.txt').waitFor();
  expect((await client.read('/mine.txt')).toString()).toBe('from here');

  // What belongs to that coordinator is not changed from here.
  await window.run('SplitFTP: Add Storage Server...');
  await window.toast('change them there').waitFor();
  await window.clearToasts();

  await window.run('SplitFTP: Disconnect from Coordinator');
  await window.files.getByText('Nothing is stored yet').waitFor();
  await window.picture('68-disconnected');
  expect((await client.list('/')).map(({ name }) => name)).toEqual(['mine.txt', 'shared.txt']);
});
