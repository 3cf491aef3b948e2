/** A file system in memory with the contract of `vscode.FileSystemProvider`: what the stored one is compared with. */

export type Code =
  | 'FileExists'
  | 'FileIsADirectory'
  | 'FileNotADirectory'
  | 'FileNotFound'
  | 'NoPermissions'
  | 'Unknown';

export class ModelError extends Error {
  readonly code: Code;

  constructor(code: Code) {
    super(code);
    this.code = code;
  }
}

type Node = { readonly kind: 'file'; readonly content: string } | { readonly kind: 'folder' };

export class Model {
  readonly #nodes = new Map<string, Node>([['/', { kind: 'folder' }]]);

  stat(path: string): Node {
    const node = this.#nodes.get(path);
    if (node === undefined) throw new ModelError('FileNotFound');
    return node;
  }

  list(path: string): string[] {
    if (this.stat(path).kind === 'file') throw new ModelError('FileNotADirectory');
    return [...this.#nodes.keys()].filter((each) => each !== '/' && parent(each) === path).sort();
  }

  read(path: string): string {
    const node = this.stat(path);
    if (node.kind === 'folder') throw new ModelError('FileIsADirectory');
    return node.content;
  }

  write(path: string, content: string, { create, overwrite }: { create: boolean; overwrite: boolean }): void {
    const node = this.#nodes.get(path);
    if (node?.kind === 'folder') throw new ModelError('FileIsADirectory');
    if (node !== undefined && create && !overwrite) throw new ModelError('FileExists');
    if (node === undefined && !create) throw new ModelError('FileNotFound');
    if (node === undefined) this.#checkParent(path);
    this.#nodes.set(path, { kind: 'file', content });
  }

  makeDirectory(path: string): void {
    if (this.#nodes.has(path)) throw new ModelError('FileExists');
    this.#checkParent(path);
    this.#nodes.set(path, { kind: 'folder' });
  }

  remove(path: string, { recursive }: { recursive: boolean }): void {
    if (path === '/') throw new ModelError('NoPermissions');
    this.stat(path);
    if (!recursive && this.#within(path).length > 1) throw new ModelError('Unknown');
    for (const each of this.#within(path)) this.#nodes.delete(each);
  }

  rename(from: string, to: string, options: { overwrite: boolean }): void {
    this.stat(from);
    if (from === to) return;
    this.#makeRoom(from, to, options);
    this.#transplant(from, to);
    for (const each of this.#within(from)) this.#nodes.delete(each);
  }

  copy(from: string, to: string, options: { overwrite: boolean }): void {
    this.stat(from);
    if (from === to && options.overwrite) return;
    this.#makeRoom(from, to, options);
    this.#transplant(from, to);
  }

  #makeRoom(from: string, to: string, { overwrite }: { overwrite: boolean }): void {
    if (to.startsWith(`${from}/`)) throw new ModelError('NoPermissions');
    if (!this.#nodes.has(to)) {
      this.#checkParent(to);
      return;
    }
    if (!overwrite) throw new ModelError('FileExists');
    if (from.startsWith(`${to}/`)) throw new ModelError('NoPermissions');
    for (const each of this.#within(to)) this.#nodes.delete(each);
  }

  #transplant(from: string, to: string): void {
    for (const each of this.#within(from)) this.#nodes.set(to + each.slice(from.length), this.stat(each));
  }

  #checkParent(path: string): void {
    if (this.stat(parent(path)).kind === 'file') throw new ModelError('FileNotADirectory');
  }

  #within(path: string): string[] {
    return [...this.#nodes.keys()].filter((each) => each === path || each.startsWith(`${path}/`));
  }
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
