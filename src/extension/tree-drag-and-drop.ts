import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { RemoteEntry } from '../client/transfer.ts';
import type { StoredFiles } from './file-system/stored-files.ts';
import { parentOf, scheme, toPath, toUri } from './file-system/stored-uri.ts';
import { uriList, urisFromList } from './file-system/uri-list.ts';
import { Mover } from './mover.ts';
import type { DroppedContent, DroppedFiles } from './transfers/dropped-files.ts';

interface DragAndDropParts {
  readonly files: StoredFiles;
  readonly dropped: DroppedFiles;
  readonly log: vscode.LogOutputChannel;
}

const uriListType = 'text/uri-list';

/**
 * Drops of local files are uploads, drops of what is stored are moves; what is dragged can be dropped on an editor or
 * on VS Code's explorer. All of it can be done with commands, too.
 */
export class TreeDragAndDrop implements vscode.TreeDragAndDropController<RemoteEntry> {
  readonly dropMimeTypes: readonly string[];
  readonly dragMimeTypes = [uriListType];
  readonly #files: StoredFiles;
  readonly #dropped: DroppedFiles;
  readonly #view: string;
  readonly #log: vscode.LogOutputChannel;

  /** @param view id of the view that has it */
  constructor(view: string, { files, dropped, log }: DragAndDropParts) {
    this.dropMimeTypes = [`application/vnd.code.tree.${view}`, uriListType, 'files'];
    this.#view = view;
    this.#files = files;
    this.#dropped = dropped;
    this.#log = log;
  }

  handleDrag(entries: readonly RemoteEntry[], data: vscode.DataTransfer): void {
    data.set(uriListType, new vscode.DataTransferItem(uriList(entries.map(({ path }) => toUri(path)))));
  }

  async handleDrop(target: RemoteEntry | undefined, data: vscode.DataTransfer): Promise<void> {
    const folder =
      target === undefined ? '/' : target.kind === 'directory' ? target.path : parentOf(target.path);
    try {
      await this.#drop(folder, data);
    } catch (error) {
      if (error instanceof vscode.CancellationError) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#log.error(message);
      void vscode.window.showErrorMessage(`SplitFTP: ${message}`);
    }
  }

  async #drop(folder: string, data: vscode.DataTransfer): Promise<void> {
    const dropped = await urisOf(data);
    const stored = dropped.filter((uri) => uri.scheme === scheme).map(toPath);
    const local = dropped.filter((uri) => uri.scheme === 'file');
    const other = dropped.filter((uri) => uri.scheme !== scheme && uri.scheme !== 'file');
    if (stored.length > 0) await new Mover(this.#files, { viewId: this.#view }).move(stored, folder);
    if (local.length > 0) await vscode.commands.executeCommand('splitftp.upload', local, folder);
    const contents: DroppedContent[] = other.map((uri) => ({
      name: posix.basename(uri.path),
      read: async () => vscode.workspace.fs.readFile(uri),
    }));
    // A browser gives the content of a file, and not where it is.
    if (dropped.length === 0) {
      for (const [, item] of data) {
        const file = item.asFile();
        if (file !== undefined) contents.push({ name: file.name, read: async () => file.data() });
      }
    }
    if (contents.length > 0) await this.#upload(contents, folder);
  }

  /** What is on no disk of this machine is put on one first, since a queue must find it again after a restart. */
  async #upload(contents: readonly DroppedContent[], folder: string): Promise<void> {
    const location = vscode.ProgressLocation.Window;
    const title = vscode.l10n.t('SplitFTP: reading what was dropped');
    const files = await vscode.window.withProgress({ location, title }, () => this.#dropped.keep(contents));
    await vscode.commands.executeCommand(
      'splitftp.upload',
      files.map((path) => vscode.Uri.file(path)),
      folder,
    );
  }
}

/** What was dropped and has a place: entries of the tree, resources of VS Code, files of the machine. */
async function urisOf(data: vscode.DataTransfer): Promise<vscode.Uri[]> {
  const list = await data.get(uriListType)?.asString();
  if (list !== undefined && list !== '') return urisFromList(list);
  const uris: vscode.Uri[] = [];
  for (const [, item] of data) {
    const uri = item.asFile()?.uri;
    if (uri !== undefined) uris.push(uri);
  }
  return uris;
}
