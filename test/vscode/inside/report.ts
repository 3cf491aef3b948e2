/** What tests inside the extension host tell the test outside: files in the workspace, written whole. */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Servers } from '../../../src/extension/servers.ts';

/** The extension's own view of its servers, once it is active. */
export async function activeServers(): Promise<Servers> {
  const extension = vscode.extensions.getExtension<Servers>('splitftp.splitftp');
  if (extension === undefined) throw new Error('The extension is not installed.');
  return extension.activate();
}

export function workspaceFolder(): string {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (folder === undefined) throw new Error('No folder is open.');
  return folder.uri.fsPath;
}

export async function report(name: string, value: unknown): Promise<void> {
  const path = join(workspaceFolder(), name);
  await writeFile(`${path}.new`, JSON.stringify(value));
  await rename(`${path}.new`, path);
}

/** Waits for a state of the servers; fails at once where they failed. */
export async function untilState(
  servers: Servers,
  wanted: (state: Servers['state']) => boolean,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const check = (state: Servers['state']) => {
    if (wanted(state)) resolve();
    else if (state.kind === 'failed') reject(new Error(state.message));
  };
  const listener = servers.onDidChangeState(check);
  check(servers.state);
  await promise.finally(() => listener.dispose());
}
