/** Without automatic start the first look at a stored file starts the servers; a person's stop is respected. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { activeServers } from './report.ts';

export async function run(): Promise<void> {
  const { fs } = vscode.workspace;
  const servers = await activeServers();
  assert.equal(servers.state.kind, 'stopped');
  const folder = vscode.Uri.parse('splitftp:/made on demand');
  await Promise.all([
    fs.stat(vscode.Uri.parse('splitftp:/')),
    fs.readDirectory(vscode.Uri.parse('splitftp:/')),
  ]);
  assert.equal(servers.state.kind, 'running');
  assert.equal(servers.pids.length, 3);
  await fs.createDirectory(folder);
  await vscode.commands.executeCommand('splitftp.stopServers');
  await assert.rejects(
    async () => fs.stat(folder),
    (error: unknown) => error instanceof vscode.FileSystemError && error.code === 'Unavailable',
  );
  await vscode.commands.executeCommand('splitftp.startServers');
  assert.equal((await fs.stat(folder)).type, vscode.FileType.Directory);
}
