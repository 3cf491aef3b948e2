import * as vscode from 'vscode';
import type { RemoteEntry } from '../../client/transfer.ts';
import type { StoredChange } from './folder-snapshots.ts';
import { LargeFiles } from './large-files.ts';
import type { StoredFiles } from './stored-files.ts';
import { toPath, toUri } from './stored-uri.ts';
import type { Watching } from './watching.ts';

const changeTypes = {
  created: vscode.FileChangeType.Created,
  changed: vscode.FileChangeType.Changed,
  deleted: vscode.FileChangeType.Deleted,
} as const;

/** `splitftp:/path` for the editor, the explorer and other extensions: see the contract in `@types/vscode`. */
export class StoredFileSystem implements vscode.FileSystemProvider, vscode.Disposable {
  readonly #files: StoredFiles;
  readonly #watching: Watching;
  readonly #largeFiles = new LargeFiles();
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly #subscriptions: vscode.Disposable;
  readonly onDidChangeFile = this.#changed.event;

  constructor(files: StoredFiles, watching: Watching) {
    this.#files = files;
    this.#watching = watching;
    const tell = (changes: readonly StoredChange[]) => this.#tell(changes);
    this.#subscriptions = vscode.Disposable.from(
      this.#changed,
      files.onDidChange(tell),
      watching.onDidFind(tell),
    );
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { kind, size, modified, readOnly } = await this.#files.stat(toPath(uri));
    const mtime = modified.getTime();
    return {
      type: fileType(kind),
      // When a file was first stored is not kept.
      ctime: mtime,
      mtime,
      size,
      ...(readOnly && { permissions: vscode.FilePermission.Readonly }),
    };
  }

  async readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    const entries = await this.#files.list(toPath(uri));
    return entries.map(({ name, kind }) => [name, fileType(kind)]);
  }

  createDirectory(uri: vscode.Uri): Promise<void> {
    return this.#files.makeDirectory(toPath(uri));
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const file = await this.#files.stat(toPath(uri));
    await this.#largeFiles.check(file);
    return this.#files.read(file.path);
  }

  writeFile(
    uri: vscode.Uri,
    content: Uint8Array,
    options: { readonly create: boolean; readonly overwrite: boolean },
  ): Promise<void> {
    return this.#files.write(toPath(uri), content, options);
  }

  delete(uri: vscode.Uri, options: { readonly recursive: boolean }): Promise<void> {
    return this.#files.remove(toPath(uri), options);
  }

  rename(from: vscode.Uri, to: vscode.Uri, options: { readonly overwrite: boolean }): Promise<void> {
    return this.#files.rename(toPath(from), toPath(to), options);
  }

  copy(from: vscode.Uri, to: vscode.Uri, options: { readonly overwrite: boolean }): Promise<void> {
    return this.#files.copy(toPath(from), toPath(to), options);
  }

  watch(
    uri: vscode.Uri,
    { recursive, excludes }: { readonly recursive: boolean; readonly excludes: readonly string[] },
  ): vscode.Disposable {
    return this.#watching.watch({ path: toPath(uri), recursive, excludes });
  }

  dispose(): void {
    this.#subscriptions.dispose();
  }

  #tell(changes: readonly StoredChange[]): void {
    const events = changes
      .filter(({ path }) => !this.#watching.isExcluded(path))
      .map(({ kind, path }) => ({ type: changeTypes[kind], uri: toUri(path) }));
    if (events.length > 0) this.#changed.fire(events);
  }
}

function fileType(kind: RemoteEntry['kind']): vscode.FileType {
  return kind === 'directory' ? vscode.FileType.Directory : vscode.FileType.File;
}
