/** Uploads a folder one file at a time, pauses in the middle, and stays until the extension host is ended from outside. */
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import { activeServers, report, untilState, workspaceFolder } from './report.ts';

/** So large that it is still under way when the small one before it has been seen. */
export const largeBytes = 256 * 1024 ** 2;

export async function run(): Promise<void> {
  const servers = await activeServers();
  const settings = vscode.workspace.getConfiguration('splitftp');
  await settings.update('transfers.concurrent', 1, vscode.ConfigurationTarget.Workspace);
  await untilState(servers, ({ kind }) => kind === 'running');
  const folder = join(workspaceFolder(), 'films');
  await mkdir(folder);
  await writeFile(join(folder, '1 small.txt'), 'the first');
  await writeFile(join(folder, '2 large.bin'), '');
  await truncate(join(folder, '2 large.bin'), largeBytes);
  await writeFile(join(folder, '3 small.txt'), 'the last');
  // It is not waited for: this window does not see its end.
  void vscode.commands.executeCommand('splitftp.upload', [vscode.Uri.file(folder)], '/');
  const client = await servers.client();
  while ((await client.stat('/films/1 small.txt')) === undefined) await delay(50);
  await vscode.commands.executeCommand('splitftp.transfers.pauseAll');
  await report('queued.json', servers.pids);
  await new Promise(() => {});
}
