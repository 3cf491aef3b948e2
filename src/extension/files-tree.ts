import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { RemoteEntry } from '../client/transfer.ts';
import type { StoredChange } from './file-system/folder-snapshots.ts';
import type { StoredFiles } from './file-system/stored-files.ts';
import { parentOf, toUri } from './file-system/stored-uri.ts';
import type { Watching } from './file-system/watching.ts';
import type { HealthOfFiles } from './health/health-of-files.ts';
import { describeHealth } from './health/health-words.ts';
import type { Servers } from './servers.ts';
import type { DroppedFiles } from './transfers/dropped-files.ts';
import { TreeDragAndDrop } from './tree-drag-and-drop.ts';
import { countBytes, formatSize, formatTime } from './wording.ts';

export interface FilesTreeParts {
  readonly servers: Servers;
  readonly files: StoredFiles;
  readonly watching: Watching;
  readonly health: HealthOfFiles;
  readonly dropped: DroppedFiles;
  readonly log: vscode.LogOutputChannel;
}

/** The stored files and folders, listed when a folder is opened, and again when something in it has changed. */
export class FilesTree implements vscode.TreeDataProvider<RemoteEntry>, vscode.Disposable {
  readonly id: string;
  readonly view: vscode.TreeView<RemoteEntry>;
  readonly #parts: FilesTreeParts;
  readonly #changed = new vscode.EventEmitter<RemoteEntry | RemoteEntry[] | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #subscriptions: vscode.Disposable;
  /** What VS Code has been shown: a refresh needs the very object, and a reveal the parents. */
  readonly #shown = new Map<string, RemoteEntry>();
  /** Folders that are being listed for VS Code: what such a listing says has changed is shown by it. */
  readonly #listing = new Set<string>();
  /** As long as the tree is seen, others' changes are looked for. */
  #watch: vscode.Disposable | undefined;

  /** @param id of the view in the manifest */
  constructor(id: string, parts: FilesTreeParts) {
    this.id = id;
    this.#parts = parts;
    const { servers, files, health } = parts;
    this.view = vscode.window.createTreeView(id, {
      treeDataProvider: this,
      dragAndDropController: new TreeDragAndDrop(id, parts),
      canSelectMany: true,
      showCollapseAll: true,
    });
    this.#subscriptions = vscode.Disposable.from(
      this.view,
      this.#changed,
      servers.onDidChangeState(() => this.#changed.fire(undefined)),
      files.onDidChange((changes) => this.#show(changes)),
      health.onDidChange((paths) => this.#redraw(paths)),
      this.view.onDidChangeVisibility(({ visible }) => this.#watchWhile(visible)),
    );
    this.#watchWhile(this.view.visible);
  }

  /** Lists a folder again; without one, everything that is open. */
  refresh(folder = '/'): void {
    this.#changed.fire(this.#shown.get(folder));
    void this.#parts.watching.look();
  }

  getTreeItem(entry: RemoteEntry): vscode.TreeItem {
    const isFolder = entry.kind === 'directory';
    const item = new vscode.TreeItem(
      entry.name,
      isFolder ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
    );
    const size = formatSize(entry.size);
    item.id = entry.path;
    item.contextValue = isFolder ? 'folder' : 'file';
    item.resourceUri = toUri(entry.path);
    item.iconPath = isFolder ? vscode.ThemeIcon.Folder : vscode.ThemeIcon.File;
    if (isFolder) return item;
    const health = this.#parts.health.known(entry.path);
    const words = health === undefined ? undefined : describeHealth(health);
    item.description = size;
    item.accessibilityInformation = { label: [entry.name, size, words].filter(Boolean).join(', ') };
    item.command = { title: vscode.l10n.t('Open'), command: 'vscode.open', arguments: [item.resourceUri] };
    return item;
  }

  /** Only for the row that the mouse is on: there may be thousands. */
  resolveTreeItem(item: vscode.TreeItem, entry: RemoteEntry): vscode.TreeItem {
    const health = this.#parts.health.known(entry.path);
    const words = health && describeHealth(health);
    const details = [
      countBytes(entry.size),
      vscode.l10n.t('Modified {0}', formatTime(entry.modified)),
      ...(words === undefined ? [] : [words]),
    ];
    item.tooltip = [entry.path, ...(entry.kind === 'file' ? details : [])].join('\n');
    return item;
  }

  async getChildren(parent?: RemoteEntry): Promise<RemoteEntry[]> {
    this.view.message = '';
    if (!this.#parts.files.isReachable) return [];
    const folder = parent?.path ?? '/';
    this.#listing.add(folder);
    try {
      const entries = await this.#parts.files.list(folder);
      for (const entry of entries) this.#shown.set(entry.path, entry);
      return entries.toSorted(foldersFirst);
    } catch (error) {
      this.view.message = error instanceof Error ? error.message : String(error);
      return [];
    } finally {
      this.#listing.delete(folder);
    }
  }

  getParent(entry: RemoteEntry): RemoteEntry | undefined {
    const path = parentOf(entry.path);
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
    const entry = path === '/' ? undefined : await this.#parts.files.stat(path);
    if (entry === undefined) await vscode.commands.executeCommand(`${this.id}.focus`);
    else await this.view.reveal(this.#shown.get(path) ?? entry, { focus: true, expand: true });
  }

  dispose(): void {
    this.#watch?.dispose();
    this.#subscriptions.dispose();
  }

  #watchWhile(visible: boolean): void {
    this.#watch?.dispose();
    this.#watch = visible
      ? this.#parts.watching.watch({ path: '/', recursive: true, excludes: [] })
      : undefined;
    if (visible) void this.#parts.watching.look();
  }

  #show(changes: readonly StoredChange[]): void {
    for (const { kind, path } of changes) if (kind === 'deleted') this.#shown.delete(path);
    const folders = new Set(
      changes.map(({ path }) => parentOf(path)).filter((each) => !this.#listing.has(each)),
    );
    if (folders.has('/')) this.#changed.fire(undefined);
    else this.#redraw([...folders]);
  }

  #redraw(paths: readonly string[]): void {
    const entries = paths.flatMap((path) => this.#shown.get(path) ?? []);
    if (entries.length > 0) this.#changed.fire(entries);
  }
}

// Made with the first comparison: making it takes longer than all else that is loaded with this file.
let names: Intl.Collator | undefined;

/** The order of VS Code's own explorer. */
export function foldersFirst(a: RemoteEntry, b: RemoteEntry): number {
  if (a.kind !== b.kind) return a.kind === 'directory' ? -1 : 1;
  names ??= new Intl.Collator(undefined, { numeric: true });
  return names.compare(a.name, b.name);
}
