import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { l10n } from 'vscode';

/** A file that has a content and a name, and no place on this machine: a browser's, or one of another extension. */
export interface DroppedContent {
  readonly name: string;
  read(): Promise<Uint8Array>;
}

/** Milliseconds after which nobody waits for one any more: 30 days. */
const longest = 30 * 24 * 3600 * 1000;

/** Copies of what was dropped on the tree, from which the queue uploads them, after a restart too. */
export class DroppedFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes the contents to disk. @returns their paths */
  async keep(contents: readonly DroppedContent[]): Promise<string[]> {
    await this.#removeOld();
    const paths: string[] = [];
    for (const { name, read } of contents) {
      // A folder for each: two of them may have one name.
      const folder = join(this.#folder, randomUUID());
      await mkdir(folder, { recursive: true });
      const path = join(folder, name);
      if (dirname(path) !== folder) throw new Error(l10n.t('"{0}" cannot be the name of a file.', name));
      await writeFile(path, await read());
      paths.push(path);
    }
    return paths;
  }

  /** They are stored now. Other paths are left alone. */
  async forget(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const folder = dirname(path);
      if (dirname(folder) === this.#folder) await rm(folder, { recursive: true, force: true });
    }
  }

  async #removeOld(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names) {
      const folder = join(this.#folder, name);
      const { mtimeMs } = await stat(folder);
      if (Date.now() - mtimeMs > longest) await rm(folder, { recursive: true, force: true });
    }
  }
}
