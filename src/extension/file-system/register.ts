import * as vscode from 'vscode';
import type { Servers } from '../servers.ts';
import { StoredFileSystem } from './stored-file-system.ts';
import { StoredFiles } from './stored-files.ts';
import { scheme } from './stored-uri.ts';
import { Watching } from './watching.ts';

export interface FileSystemParts extends vscode.Disposable {
  readonly files: StoredFiles;
  readonly watching: Watching;
}

/** What is stored becomes `splitftp:/` in this window. */
export function registerFileSystem(servers: Servers, log: vscode.LogOutputChannel): FileSystemParts {
  const files = new StoredFiles(servers);
  const watching = new Watching(files, log);
  const provider = new StoredFileSystem(files, watching);
  const registration = vscode.Disposable.from(
    files,
    watching,
    provider,
    vscode.workspace.registerFileSystemProvider(scheme, provider, { isCaseSensitive: true }),
    servers.onDidChangeState(({ kind }) => {
      if (kind === 'running') void refreshExplorer();
    }),
  );
  return { files, watching, dispose: () => registration.dispose() };
}

/** Where a folder could not be read since the servers were not running, the explorer would not try again. */
async function refreshExplorer(): Promise<void> {
  if (!vscode.workspace.workspaceFolders?.some(({ uri }) => uri.scheme === scheme)) return;
  await vscode.commands.executeCommand('workbench.files.action.refreshFilesExplorer');
}
