/** In a folder that is not trusted the servers run with the settings, in the extension's own storage. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import * as vscode from 'vscode';
import { activeServers, untilState, workspaceFolder } from './report.ts';

export async function run(): Promise<void> {
  assert(!vscode.workspace.isTrusted);
  const servers = await activeServers();
  await untilState(servers, ({ kind }) => kind === 'running');
  assert(servers.state.kind === 'running' && servers.state.startedHere);
  const { coordinator, storageServers, source } = servers.state.configuration;
  assert.equal(source, 'the settings');
  assert.equal(coordinator.port, vscode.workspace.getConfiguration('splitftp').get('port'));
  const passwords = [coordinator, ...storageServers].map(({ account }) => account.password);
  assert.equal(new Set(passwords).size, 1 + storageServers.length);
  assert(passwords.every((password) => password.length >= 24));
  assert.deepEqual(await readdir(workspaceFolder()), ['.env']);

  await vscode.commands.executeCommand('splitftp.restartServers');
  assert(servers.state.kind === 'running');
  assert.deepEqual(servers.state.configuration.coordinator.account, coordinator.account);
}
