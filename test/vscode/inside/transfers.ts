/** Uploads and downloads through the commands, as another extension would call them. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { TransferResult } from '../../../src/client/transfer.ts';
import { activeServers, report, untilState, workspaceFolder } from './report.ts';

export async function run(): Promise<void> {
  const servers = await activeServers();
  await untilState(servers, (state) => state.kind === 'running' && state.startedHere);
  assert.equal(servers.pids.length, 3);
  await report('pids.json', servers.pids);

  const workspace = workspaceFolder();
  const source = join(workspace, 'to upload');
  const files: Record<string, Buffer> = {
    'empty.txt': Buffer.alloc(0),
    'one byte': Buffer.from('x'),
    'grüße 100% 日本.bin': randomBytes(3_000_001),
    'inner/notes.md': Buffer.from('# notes'),
  };
  await mkdir(join(source, 'inner'), { recursive: true });
  await mkdir(join(source, 'empty folder'));
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(source, name), bytes);

  const uploaded = await vscode.commands.executeCommand<TransferResult>(
    'splitftp.upload',
    [vscode.Uri.file(source)],
    '/docs',
  );
  assert.deepEqual(uploaded.failures, []);
  assert.equal(uploaded.files, 4);

  const client = await servers.client();
  const stored = await client.list('/docs/to upload');
  assert.deepEqual(
    stored.map(({ name }) => name).toSorted(),
    [...Object.keys(files).slice(0, 3), 'empty folder', 'inner'].toSorted(),
  );
  const parts = await client.where('/docs/to upload/grüße 100% 日本.bin');
  assert.deepEqual(parts.map(({ number }) => number).toSorted(), [1, 2]);

  const target = join(workspace, 'downloaded');
  const downloaded = await vscode.commands.executeCommand<TransferResult>(
    'splitftp.download',
    '/docs/to upload',
    vscode.Uri.file(target),
  );
  assert.deepEqual(downloaded.failures, []);
  for (const [name, bytes] of Object.entries(files)) {
    assert.deepEqual(await readFile(join(target, 'to upload', name)), bytes, name);
  }
  assert.deepEqual(await readdir(join(target, 'to upload', 'empty folder')), []);

  await vscode.commands.executeCommand('splitftp.stopServers');
  assert.equal(servers.state.kind, 'stopped');
  assert.equal(servers.pids.length, 0);
  await vscode.commands.executeCommand('splitftp.startServers');
  assert.equal(servers.state.kind, 'running');
  const again = await servers.client();
  assert.equal((await again.list('/docs/to upload')).length, 5);
  await report('pids.json', servers.pids);
}
