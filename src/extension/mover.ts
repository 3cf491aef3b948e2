import { posix } from 'node:path';
import * as vscode from 'vscode';
import { conflictAsker } from './conflicts.ts';
import type { StoredFiles } from './file-system/stored-files.ts';
import { isBelow } from './file-system/stored-uri.ts';

/** Moves stored files and folders into a folder, and asks before one is replaced. */
export class Mover {
  readonly #files: StoredFiles;
  readonly #location: { readonly viewId: string };

  /** @param location of the view that shows the progress */
  constructor(files: StoredFiles, location: { readonly viewId: string }) {
    this.#files = files;
    this.#location = location;
  }

  /** @throws Error that names what could not be moved; what was moved before it stays moved. */
  async move(paths: readonly string[], folder: string): Promise<void> {
    const moving = outermost(paths).filter((path) => path !== folder && target(path, folder) !== path);
    const into = moving.find((path) => isBelow(folder, path));
    if (into !== undefined) throw new Error(vscode.l10n.t('{0} cannot go into itself.', into));
    await vscode.window.withProgress({ location: this.#location }, async () => {
      const batch = new AbortController();
      const ask = conflictAsker(batch);
      for (const path of moving) {
        const to = target(path, folder);
        const overwrite = await this.#files.exists(to);
        if (overwrite && (await ask(to)) !== 'overwrite') continue;
        batch.signal.throwIfAborted();
        await this.#files.rename(path, to, { overwrite });
      }
    });
  }
}

/** Without those that go with one of the folders. */
export function outermost(paths: readonly string[]): string[] {
  return paths.filter((path) => !paths.some((other) => isBelow(path, other)));
}

function target(path: string, folder: string): string {
  return posix.join(folder, posix.basename(path));
}
