/** A coordinator that another program runs, used from the installed extension as if it were on another machine. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { formatFingerprint } from '../../src/config/fingerprint.ts';
import { coordinatorCertificateFiles, fingerprintOfFile } from '../../src/tls/certificate-files.ts';
import { startServers } from '../integration/servers.ts';
import { test } from './fixture.ts';

test.override('storageServers', 3);
test.override('settings', ({ workspace }) => ({ 'splitftp.port': workspace.port }));

test('connected to it, its files are shown and uploads go there; disconnected, the own servers are back', async ({
  openWindow,
  workspace,
  onTestFinished,
}) => {
  const servers = await startServers({ storageServers: 2, settings: { FTP_TLS: 'required' } });
  onTestFinished(servers.stop);
  // The settings decide where there is no such file.
  await rm(join(workspace.folder, '.env'));
  const { coordinator } = servers.configuration;
  const client = servers.client();
  await writeFile(join(workspace.parent, 'shared.txt'), 'from elsewhere');
  await client.upload([join(workspace.parent, 'shared.txt')], '/');
  await writeFile(join(workspace.folder, 'mine.txt'), 'from here');
  const window = await openWindow();

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
