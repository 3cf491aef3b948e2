/** What this window knows of stored folders, and what a new listing of one says has happened meanwhile. */
import type { RemoteEntry } from '../../client/transfer.ts';

export interface StoredChange {
  readonly kind: 'created' | 'changed' | 'deleted';
  /** Absolute, on the coordinator. */
  readonly path: string;
}

/** More folders than anybody looks at; what is beyond is no longer compared. */
const mostFolders = 200;

/** Pure bookkeeping: asks nobody and tells nobody. */
export class FolderSnapshots {
  /** By folder and path of the entry, the folder used last at the end. */
  readonly #folders = new Map<string, Map<string, RemoteEntry | 'own change'>>();

  /** Folders that were listed, the one used last at the end. */
  get folders(): readonly string[] {
    return [...this.#folders.keys()];
  }

  /** Takes a new listing and tells what differs from the last one; nothing for the first one. */
  update(folder: string, entries: readonly RemoteEntry[]): StoredChange[] {
    const before = this.#folders.get(folder);
    const now = new Map(entries.map((entry) => [entry.path, entry]));
    this.#folders.delete(folder);
    this.#folders.set(folder, now);
    const [oldest] = this.#folders.keys();
    if (this.#folders.size > mostFolders && oldest !== undefined) this.#folders.delete(oldest);
    if (before === undefined) return [];
    const changes: StoredChange[] = [];
    for (const [path, entry] of now) {
      const known = before.get(path);
      if (known === 'own change') continue;
      if (known === undefined) changes.push({ kind: 'created', path });
      else if (known.kind !== entry.kind) changes.push({ kind: 'deleted', path }, { kind: 'created', path });
      else if (!isSame(known, entry)) changes.push({ kind: 'changed', path });
    }
    for (const [path, known] of before) {
      if (!now.has(path) && known !== 'own change') changes.push({ kind: 'deleted', path });
    }
    for (const { kind, path } of changes) if (kind === 'deleted') this.forget(path);
    return changes;
  }

  /** This window itself changed what is at a path and has told so: the next listing does not tell it again. */
  adopt(path: string): void {
    this.forget(path);
    const slash = path.lastIndexOf('/');
    this.#folders.get(path.slice(0, slash) || '/')?.set(path, 'own change');
  }

  /** A folder is gone, with those in it. */
  forget(path: string): void {
    for (const folder of this.folders) {
      if (folder === path || folder.startsWith(`${path}/`)) this.#folders.delete(folder);
    }
  }

  clear(): void {
    this.#folders.clear();
  }
}

function isSame(a: RemoteEntry, b: RemoteEntry): boolean {
  return a.kind === 'directory' || (a.size === b.size && a.modified.getTime() === b.modified.getTime());
}
