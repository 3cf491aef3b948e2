import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { RemoteEntry } from '../client/transfer.ts';
import type { Servers } from './servers.ts';
import { formatSize } from './wording.ts';

/** The stored files and folders, listed when a folder is opened. */
export class FilesTree implements vscode.TreeDataProvider<RemoteEntry>, vscode.Disposable {
  readonly view: vscode.TreeView<RemoteEntry>;
  readonly #servers: Servers;
  readonly #changed = new vscode.EventEmitter<RemoteEntry | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #subscriptions: vscode.Disposable;
  /** What VS Code has been shown: a refresh needs the very object, and a reveal the parents. */
  readonly #shown = new Map<string, RemoteEntry>();

  constructor(servers: Servers) {
    this.#servers = servers;
    this.view = vscode.window.createTreeView('splitftp.files', {
      treeDataProvider: this,
      canSelectMany: true,
      showCollapseAll: true,
    });
    this.#subscriptions = vscode.Disposable.from(
      this.view,
      this.#changed,
      servers.onDidChangeState(() => this.refresh()),
      // Other FTP clients change the files too.
      this.view.onDidChangeVisibility(({ visible }) => visible && this.refresh()),
    );
  }

  /** Lists a folder again; without one, everything that is open. */
  refresh(folder = '/'): void {
    this.#changed.fire(this.#shown.get(folder));
  }

  getTreeItem(entry: RemoteEntry): vscode.TreeItem {
    const isFolder = entry.kind === 'directory';
    const item = new vscode.TreeItem(
      entry.name,
      isFolder ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
    );
    item.id = entry.path;
    item.contextValue = isFolder ? 'folder' : 'file';
    item.resourceUri = vscode.Uri.from({ scheme: 'splitftp', path: entry.path });
    item.iconPath = isFolder ? vscode.ThemeIcon.Folder : vscode.ThemeIcon.File;
    if (!isFolder) item.description = formatSize(entry.size);
    const modified = `Modified ${entry.modified.toLocaleString()}`;
    item.tooltip = isFolder ? entry.path : `${entry.path}\n${entry.size.toLocaleString()} bytes\n${modified}`;
    return item;
  }

  async getChildren(folder?: RemoteEntry): Promise<RemoteEntry[]> {
    this.view.message = '';
    if (this.#servers.state.kind !== 'running') return [];
    try {
      const client = await this.#servers.client();
      const entries = await client.list(folder?.path ?? '/');
      for (const entry of entries) this.#shown.set(entry.path, entry);
      return entries.toSorted(foldersFirst);
    } catch (error) {
      if (error instanceof vscode.CancellationError) return [];
      this.view.message = error instanceof Error ? error.message : String(error);
      return [];
    }
  }

  getParent(entry: RemoteEntry): RemoteEntry | undefined {
    const path = posix.dirname(entry.path);
    if (path === '/') return undefined;
    return (
      this.#shown.get(path) ?? {
        name: posix.basename(path),
        path,
        kind: 'directory',
        size: 0,
        modified: new Date(0),
      }
    );
  }

  /** Shows and selects what is stored at a path. */
  async reveal(path: string): Promise<void> {
    const client = await this.#servers.client();
    const entry = path === '/' ? undefined : await client.stat(path);
    if (entry === undefined) await vscode.commands.executeCommand('splitftp.files.focus');
    else await this.view.reveal(this.#shown.get(path) ?? entry, { focus: true, expand: true });
  }

  dispose(): void {
    this.#subscriptions.dispose();
  }
}

const names = new Intl.Collator(undefined, { numeric: true });

/** The order of VS Code's own explorer. */
export function foldersFirst(a: RemoteEntry, b: RemoteEntry): number {
  if (a.kind !== b.kind) return a.kind === 'directory' ? -1 : 1;
  return names.compare(a.name, b.name);
}
