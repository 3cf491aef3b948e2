/** A file system in memory, as simple as it can be: what the coordinator's has to agree with. */

/** Why an operation is refused, as far as a client of FTP can tell. */
export type Refusal = 'refused';

export class ModelFileSystem {
  /** Paths of files with their content, of folders with none; the root is not among them. */
  readonly tree = new Map<string, Buffer | undefined>();

  kindOf(path: string): 'file' | 'folder' | undefined {
    if (path === '/') return 'folder';
    if (!this.tree.has(path)) return undefined;
    return this.tree.get(path) === undefined ? 'folder' : 'file';
  }

  children(path: string): string[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    return [...this.tree.keys()]
      .filter((each) => each.startsWith(prefix) && !each.slice(prefix.length).includes('/'))
      .map((each) => each.slice(prefix.length))
      .sort();
  }

  /** Whether a file can be stored at that path. */
  takesFile(path: string): boolean {
    return this.kindOf(path) !== 'folder' && this.kindOf(parentOf(path)) === 'folder';
  }

  store(path: string, content: Buffer): void {
    this.tree.set(path, content);
  }

  makeFolder(path: string): Refusal | undefined {
    if (this.kindOf(path) !== undefined || this.kindOf(parentOf(path)) !== 'folder') return 'refused';
    this.tree.set(path, undefined);
    return undefined;
  }

  removeFolder(path: string): Refusal | undefined {
    if (this.kindOf(path) !== 'folder' || path === '/' || this.children(path).length > 0) return 'refused';
    this.tree.delete(path);
    return undefined;
  }

  removeFile(path: string): Refusal | undefined {
    if (this.kindOf(path) !== 'file') return 'refused';
    this.tree.delete(path);
    return undefined;
  }

  /** A file may replace a file; nothing replaces a folder, and no folder a file or moves into itself. */
  rename(from: string, to: string): Refusal | undefined {
    const kind = this.kindOf(from);
    if (kind === undefined || from === '/') return 'refused';
    if (to === from) return undefined;
    if (this.kindOf(parentOf(to)) !== 'folder' || to.startsWith(`${from}/`)) return 'refused';
    const target = this.kindOf(to);
    if (target === 'folder' || (target === 'file' && kind === 'folder')) return 'refused';
    const moved = [...this.tree].filter(([path]) => path === from || path.startsWith(`${from}/`));
    for (const [path] of moved) this.tree.delete(path);
    for (const [path, content] of moved) this.tree.set(to + path.slice(from.length), content);
    return undefined;
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
