/** A file system in memory, simple enough to be right at sight: for tests of what stands before one. */
import { Readable, Writable } from 'node:stream';
import {
  type Entry,
  type FileSystem,
  FileSystemError,
  type Upload,
  type WriteMode,
} from '../src/ftp/file-system.ts';

interface MemoryFile {
  readonly kind: 'file';
  readonly unique: string;
  readonly bytes: Buffer;
  modified: Date;
}

interface MemoryFolder {
  readonly kind: 'directory';
  readonly unique: string;
  modified: Date;
}

const epoch = new Date(0);

export class MemoryFileSystem implements FileSystem {
  /** By path; a folder is there before what is in it. */
  readonly #nodes = new Map<string, MemoryFile | MemoryFolder>([
    ['/', { kind: 'directory', unique: '0', modified: epoch }],
  ]);
  #created = 0;
  /** Uploads that were begun and neither committed nor aborted. */
  openUploads = 0;

  /** Every path, sorted. */
  get paths(): string[] {
    return [...this.#nodes.keys()].sort();
  }

  async stat(path: string): Promise<Entry> {
    return entryOf(path, this.#node(path));
  }

  async list(path: string): Promise<readonly Entry[]> {
    this.#folder(path);
    return this.#children(path).map((child) => entryOf(child, this.#node(child)));
  }

  async makeDirectory(path: string): Promise<void> {
    this.#folder(parentOf(path));
    if (this.#nodes.has(path)) throw new FileSystemError('exists', `${path} exists already`);
    this.#nodes.set(path, { kind: 'directory', unique: this.#newUnique(), modified: epoch });
  }

  async removeDirectory(path: string): Promise<void> {
    this.#folder(path);
    if (path === '/') throw new FileSystemError('denied', 'the root cannot be removed');
    if (this.#children(path).length > 0) throw new FileSystemError('not-empty', `${path} is not empty`);
    this.#nodes.delete(path);
  }

  async removeFile(path: string): Promise<void> {
    this.#file(path);
    this.#nodes.delete(path);
  }

  async rename(from: string, to: string): Promise<void> {
    const moved = this.#node(from);
    this.#folder(parentOf(to));
    if (from === '/' || to.startsWith(`${from}/`)) {
      throw new FileSystemError('denied', `${from} cannot move into itself`);
    }
    const replaced = this.#nodes.get(to);
    if (from === to) return;
    if (replaced && (replaced.kind === 'directory' || moved.kind === 'directory')) {
      throw new FileSystemError('exists', `${to} exists already`);
    }
    for (const [path, node] of [...this.#nodes]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.#nodes.delete(path);
      this.#nodes.set(to + path.slice(from.length), node);
    }
  }

  async setModified(path: string, modified: Date): Promise<void> {
    this.#node(path).modified = modified;
  }

  async read(path: string, offset: number): Promise<Readable> {
    const { bytes } = this.#file(path);
    const chunkBytes = 4096;
    return Readable.from(
      (function* () {
        for (let at = offset; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
      })(),
      { objectMode: false },
    );
  }

  async write(path: string, mode: WriteMode, signal: AbortSignal): Promise<Upload> {
    this.#folder(parentOf(path));
    const present = this.#nodes.get(path);
    if (present?.kind === 'directory') throw new FileSystemError('is-a-directory', `${path} is a folder`);
    const chunks: Buffer[] = present && mode === 'append' ? [present.bytes] : [];
    this.openUploads++;
    let open = true;
    const end = () => {
      if (open) this.openUploads--;
      open = false;
    };
    return {
      offset: present && mode === 'append' ? present.bytes.length : 0,
      stream: new Writable({
        write(chunk: Buffer, _encoding, done) {
          chunks.push(chunk);
          done();
        },
      }),
      commit: async () => {
        end();
        if (signal.aborted) throw new FileSystemError('aborted', 'the upload was given up');
        this.#folder(parentOf(path));
        if (this.#nodes.get(path)?.kind === 'directory') {
          throw new FileSystemError('is-a-directory', `${path} is a folder`);
        }
        const bytes = Buffer.concat(chunks);
        this.#nodes.set(path, { kind: 'file', unique: this.#newUnique(), bytes, modified: epoch });
        return 'Stored';
      },
      abort: async () => end(),
    };
  }

  #node(path: string): MemoryFile | MemoryFolder {
    const node = this.#nodes.get(path);
    if (!node) throw new FileSystemError('missing', `${path} does not exist`);
    return node;
  }

  #file(path: string): MemoryFile {
    const node = this.#node(path);
    if (node.kind !== 'file') throw new FileSystemError('is-a-directory', `${path} is a folder`);
    return node;
  }

  #folder(path: string): void {
    if (this.#node(path).kind !== 'directory') {
      throw new FileSystemError('not-a-directory', `${path} is not a folder`);
    }
  }

  #children(folder: string): string[] {
    const prefix = folder === '/' ? '/' : `${folder}/`;
    return [...this.#nodes.keys()].filter(
      (path) => path !== '/' && path.startsWith(prefix) && !path.slice(prefix.length).includes('/'),
    );
  }

  #newUnique(): string {
    return String(++this.#created);
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function entryOf(path: string, node: MemoryFile | MemoryFolder): Entry {
  return {
    name: path.slice(path.lastIndexOf('/') + 1),
    kind: node.kind,
    size: node.kind === 'file' ? node.bytes.length : 0,
    modified: node.modified,
    unique: node.unique,
  };
}
