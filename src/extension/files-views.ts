import * as vscode from 'vscode';
import type { RemoteEntry } from '../client/transfer.ts';
import { FilesTree, type FilesTreeParts } from './files-tree.ts';

/** Where the stored files are shown: beside the explorer's folders, for dragging, and above the transfers and servers. */
const ids = ['splitftp.files', 'splitftp.stored'] as const;

/** The views of the stored files, and what is selected in the one that a person works with. */
export class FilesViews implements vscode.Disposable {
  readonly #trees: readonly FilesTree[];

  constructor(parts: FilesTreeParts) {
    this.#trees = ids.map((id) => new FilesTree(id, parts));
  }

  /** @param id of a view; otherwise it is the one that is seen */
  selection(id?: string): readonly RemoteEntry[] {
    const tree = this.#trees.find((one) => one.id === id) ?? this.#seen;
    return tree?.view.selection ?? [];
  }

  /** Where progress of something that is done to stored files is shown. */
  get location(): { readonly viewId: string } {
    return { viewId: this.#seen?.id ?? ids[0] };
  }

  /** Lists a folder again; without one, everything that is open. */
  refresh(folder?: string): void {
    for (const tree of this.#trees) tree.refresh(folder);
  }

  /** Shows and selects what is stored at a path. */
  async reveal(path: string): Promise<void> {
    await this.#seen?.reveal(path);
  }

  dispose(): void {
    vscode.Disposable.from(...this.#trees).dispose();
  }

  get #seen(): FilesTree | undefined {
    return this.#trees.find(({ view }) => view.visible) ?? this.#trees[0];
  }
}
