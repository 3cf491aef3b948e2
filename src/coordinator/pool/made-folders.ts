import type { StorageConnection } from './storage-connection.ts';

/** The folders on one storage server that this coordinator has made, so that it makes none twice. */
export class MadeFolders {
  readonly #paths = new Set<string>();

  /** Makes a folder, and those above it, as far as they were not made before. @param names from the top */
  async make(connection: StorageConnection, names: readonly string[]): Promise<void> {
    for (const length of names.keys()) {
      const path = names.slice(0, length + 1).join('/');
      if (this.#paths.has(path)) continue;
      await connection.makeFolder(path);
      this.#paths.add(path);
    }
  }

  /** They may not be there any more. */
  forget(): void {
    this.#paths.clear();
  }
}
