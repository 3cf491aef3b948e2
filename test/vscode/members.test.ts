/** Storage servers join the pool and leave it, in the installed extension, by mouse and keyboard. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { SplitClient } from '../../src/client/split-client.ts';
import type { StorageServerConfiguration } from '../../src/config/configuration.ts';
import { formatFingerprint } from '../../src/config/fingerprint.ts';
import { createLog } from '../../src/log/log.ts';
import type { RunningServer } from '../../src/servers/server-process.ts';
import { runStorageServer } from '../../src/storage/storage-server.ts';
import { fingerprintOfFile, storageCertificateFiles } from '../../src/tls/certificate-files.ts';
import { freePorts } from '../ports.ts';
import { test as base } from './fixture.ts';
import type { Workspace } from './workspace.ts';

const content = Buffer.alloc(700_000, 'what is stored');

/** Starts storage servers that the extension has nothing to do with. */
const test = base.extend('startOther', ({ workspace }, { onCleanup }) => {
  const others: RunningServer[] = [];
  onCleanup(async () => {
    await Promise.all(others.map((server) => server.close()));
  });
  return async (mode: 'off' | 'explicit'): Promise<StorageServerConfiguration> => {
    const parent = join(workspace.parent, `other ${mode}`);
    await mkdir(parent);
    const configuration = {
      number: 1,
      account: { user: 'nas', password: 'a secret of the NAS' },
      host: '127.0.0.1',
      port: 0,
      folder: join(parent, 'parts'),
      tls: { mode, waived: false },
    };
    const running = await runStorageServer(configuration, createLog('other', 'silent'));
    others.push(running);
    return { ...configuration, port: running.port };
  };
});

async function upload(client: SplitClient, { parent }: Workspace, name: string): Promise<void> {
  const local = join(parent, name);
  await writeFile(local, content);
  await client.upload([local], '/');
}

const numbersOf = async (client: SplitClient, path: string) =>
  (await client.where(path)).map(({ number }) => number).toSorted((a, b) => a - b);

const envText = ({ folder }: Workspace) => readFile(join(folder, '.env'), 'utf8');

describe('three storage servers', () => {
  test.override('storageServers', 3);
  test('a storage server is added: what is wrong is said, its certificate is compared, and it gets parts', async ({
    openWindow,
    workspace,
    client,
    startOther,
  }) => {
    const window = await openWindow();
    await window.openContainer();
    await upload(client, workspace, 'before.bin');
    expect(await numbersOf(client, '/before.bin')).toEqual([1, 2, 3]);
    const other = await startOther('explicit');
    const fingerprint = await fingerprintOfFile(storageCertificateFiles(other).certificate);
    const address = `127.0.0.1:${other.port}`;
    const [closed = 0] = await freePorts(1);

    await window.run('SplitFTP: Add Storage Server...');
    await window.picture('50-add-kind');
    await window.pick('An FTP server');
    await window.answerServer(`127.0.0.1:${closed}`, 'nas', 'a mistyped password', 'TLS (explicit)');
    await window.toast(`127.0.0.1:${closed} is down: nothing listens at that address`).waitFor();
    await window.picture('52-add-unreachable');

    await window.toasts.getByRole('button', { name: 'Change Answers' }).click();
    await window.quickInput.getByText('(1/4)').waitFor();
    // What was answered needs no second typing.
    expect(await window.quickInput.locator('input').first().inputValue()).toBe(`127.0.0.1:${closed}`);
    await window.picture('51-add-again');
    await window.answerServer(address, 'nas', 'a mistyped password', 'TLS (explicit)');
    await window.quickInput.getByText(formatFingerprint(fingerprint ?? '')).waitFor();
    await window.picture('53-add-certificate');
    await window.pick('Trust This Certificate');
    await window
      .toast(`127.0.0.1:${other.port} refuses the login: check the user and the password`)
      .waitFor();
    await window.picture('54-add-wrong-password');

    await window.toasts.getByRole('button', { name: 'Change Answers' }).click();
    await window.answerServer(address, 'nas', other.account.password, 'TLS (explicit)');
    // The certificate was compared once.
    await window.quickInput.getByText('127.0.0.1 works: a file was stored, read and removed').waitFor();
    await window.quickInput.getByText(/It can: .*SIZE.*TLSv1\.3/).waitFor();
    await window.picture('55-add-verdict');
    await window.pick('Add to the Pool');
    await window.toast('New files get layout 3+1. Convert what is stored, too (1 file at most)?').waitFor();
    await window.picture('56-added');
    await window.toasts.getByRole('button', { name: 'Convert Files' }).click();
    await window.toast('Layout 3+1: 1 file converted, 0 had it already, 0 failed.').waitFor();
    const env = await envText(workspace);
    expect(env).toContain(`FTP_PORT4=${other.port}`);
    expect(env).toContain(`FTP_TLS_FINGERPRINT4=${fingerprint}`);

    await upload(client, workspace, 'after.bin');
    expect(await numbersOf(client, '/after.bin')).toEqual([1, 2, 3, 4]);
    await window
      .server('Storage server 4')
      .getByText(/up, 2 parts,/)
      .waitFor();
    for (const name of ['before.bin', 'after.bin']) {
      expect(await numbersOf(client, `/${name}`)).toEqual([1, 2, 3, 4]);
      expect((await client.read(`/${name}`)).equals(content)).toBe(true);
    }
    // Nothing of the test is left on it, nor was it started a second time.
    expect(await envText(workspace)).toContain('FTP_BUNDLED4=no');
  });
});

describe('four storage servers', () => {
  test.override('storageServers', 4);
  test('a storage server is drained and removed, and no file is lost', async ({
    openWindow,
    workspace,
    client,
  }) => {
    const window = await openWindow();
    await window.openContainer();
    for (const name of ['a.bin', 'b.bin', 'c.bin']) await upload(client, workspace, name);
    expect(await numbersOf(client, '/a.bin')).toEqual([1, 2, 3, 4]);
    const row = window.server('Storage server 2');
    await row.getByText(/up, 3 parts/).waitFor();

    await window.menu(row, 'Remove Storage Server...');
    await window.dialog.getByText('Storage server 2 has 3 parts.').waitFor();
    await window.picture('57-remove-with-parts');
    await window.dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await envText(workspace)).toContain('FTP_USER2');

    await window.menu(row, 'Drain Storage Server...');
    await window.dialog.getByText('Drain storage server 2?').waitFor();
    await window.dialog.getByText('files get layout 2+1').waitFor();
    await window.picture('58-drain');
    await window.dialog.getByRole('button', { name: 'Drain', exact: true }).click();
    await window.toast('Storage server 2 has no parts left.').waitFor({ timeout: 180_000 });
    await row.getByText('drained, can be removed').waitFor();
    await window.picture('59-drained');
    await window.toasts.getByRole('button', { name: 'Remove from the Pool' }).click();
    await row.waitFor({ state: 'detached' });
    await window
      .server('Storage server 4')
      .getByText(/up, 3 parts/)
      .waitFor();
    await window.picture('60-removed');
    expect(await envText(workspace)).not.toContain('FTP_USER2');
    for (const name of ['a.bin', 'b.bin', 'c.bin']) {
      expect(await numbersOf(client, `/${name}`)).toEqual([1, 3, 4]);
      expect((await client.read(`/${name}`)).equals(content)).toBe(true);
    }
    expect(await window.toasts.getByText('has changed').count()).toBe(0);
  });
});

describe('one storage server', () => {
  test.override('storageServers', 1);
  test('what holds the only parts is not drained; a replacement takes them over', async ({
    openWindow,
    workspace,
    client,
    startOther,
  }) => {
    const window = await openWindow();
    await window.openContainer();
    await upload(client, workspace, 'a.bin');
    const row = window.server('Storage server 1');
    await row.getByText(/up, 1 part,/).waitFor();
    await window.menu(row, 'Drain Storage Server...');
    await window.dialog.getByText('Storage server 1 cannot be drained now.').waitFor();
    await window.dialog.getByText('Add a storage server first.').waitFor();
    await window.picture('61-cannot-be-drained');
    await window.dialog.getByRole('button', { name: 'Cancel' }).click();

    const other = await startOther('off');
    await window.menu(row, 'Replace Storage Server...');
    await window.quickInput.getByText('Replace Storage Server 1').waitFor();
    await window.pick('An FTP server');
    await window.answerServer(`127.0.0.1:${other.port}`, 'nas', other.account.password, 'No encryption');
    await window.pick('Add to the Pool');
    await window.toast('Storage server 1 has no parts left.').waitFor({ timeout: 180_000 });
    await window.picture('62-replaced');
    await window.toasts.getByRole('button', { name: 'Remove from the Pool' }).click();
    await row.waitFor({ state: 'detached' });
    await window
      .server('Storage server 2')
      .getByText(/up, 1 part,/)
      .waitFor();
    expect(await numbersOf(client, '/a.bin')).toEqual([2]);
    expect((await client.read('/a.bin')).equals(content)).toBe(true);
  });
});
