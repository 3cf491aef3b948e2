import type { DigestAlgorithm } from '../ftp/digest.ts';
import {
  type Entry,
  type FileSource,
  type FileSystem,
  FileSystemError,
  type Upload,
  type WriteMode,
} from '../ftp/file-system.ts';

/**
 * A folder of another file system as if it were all there is, and unchangeable if need be. The engine has resolved `..`
 * already, so that no path leads out; what errors say of paths is as the user knows them.
 */
export class HomeFileSystem implements FileSystem {
  readonly #inner: FileSystem;
  readonly #home: string;
  readonly #readOnly: boolean;

  /** Creates the folder if need be. @throws FileSystemError, with the path in its message, when it cannot be used */
  static async open(inner: FileSystem, home: string, readOnly: boolean): Promise<HomeFileSystem> {
    for (let slash = home.indexOf('/', 1); home !== '/'; slash = home.indexOf('/', slash + 1)) {
      const folder = slash < 0 ? home : home.slice(0, slash);
      await inner.makeDirectory(folder).catch((error: unknown) => {
        if (!(error instanceof FileSystemError && error.kind === 'exists')) throw error;
      });
      if (slash < 0) break;
    }
    const { kind } = await inner.stat(home);
    if (kind !== 'directory') throw new FileSystemError('not-a-directory', `${home} is a file`);
    return new HomeFileSystem(inner, home, readOnly);
  }

  private constructor(inner: FileSystem, home: string, readOnly: boolean) {
    this.#inner = inner;
    this.#home = home === '/' ? '' : home;
    this.#readOnly = readOnly;
  }

  /** Runs something on the place in the inner file system that a path of the user means. */
  at<T>(path: string, work: (inner: string) => T | Promise<T>): Promise<T> {
    return this.#translating([path], () => work(this.#toInner(path)));
  }

  async stat(path: string): Promise<Entry> {
    const entry = await this.at(path, (inner) => this.#inner.stat(inner));
    return path === '/' ? { ...entry, name: '' } : entry;
  }

  list(path: string): Promise<readonly Entry[]> {
    return this.at(path, (inner) => this.#inner.list(inner));
  }

  read(path: string, offset: number): Promise<FileSource> {
    return this.at(path, (inner) => this.#inner.read(inner, offset));
  }

  get readOnly(): boolean {
    return this.#readOnly || this.#inner.readOnly === true;
  }

  makeDirectory(path: string): Promise<void> {
    return this.#change(path, (inner) => this.#inner.makeDirectory(inner));
  }

  removeDirectory(path: string): Promise<void> {
    return this.#change(path, (inner) => this.#inner.removeDirectory(inner));
  }

  removeFile(path: string): Promise<void> {
    return this.#change(path, (inner) => this.#inner.removeFile(inner));
  }

  async rename(from: string, to: string): Promise<void> {
    this.#refuseChange(from);
    this.#refuseChange(to);
    await this.#translating([from, to], () => this.#inner.rename(this.#toInner(from), this.#toInner(to)));
  }

  setModified(path: string, modified: Date): Promise<void> {
    return this.#change(path, (inner) => this.#inner.setModified(inner, modified));
  }

  async write(path: string, mode: WriteMode, signal: AbortSignal): Promise<Upload> {
    const upload = await this.#change(path, (inner) => this.#inner.write(inner, mode, signal));
    return {
      offset: upload.offset,
      stream: upload.stream,
      commit: () => this.at(path, () => upload.commit()),
      abort: () => upload.abort(),
    };
  }

  partialUpload(path: string): Promise<Entry | undefined> {
    return this.at(path, (inner) => this.#inner.partialUpload?.(inner));
  }

  knownDigest(path: string, algorithm: DigestAlgorithm): Promise<string | undefined> {
    return this.at(path, (inner) => this.#inner.knownDigest?.(inner, algorithm));
  }

  rememberDigest(path: string, entry: Entry, algorithm: DigestAlgorithm, digest: string): Promise<void> {
    return this.at(path, (inner) => this.#inner.rememberDigest?.(inner, entry, algorithm, digest));
  }

  freeBytes(path: string): Promise<number | undefined> {
    return this.at(path, (inner) => this.#inner.freeBytes?.(inner));
  }

  async #change<T>(path: string, work: (inner: string) => Promise<T>): Promise<T> {
    this.#refuseChange(path);
    return this.at(path, work);
  }

  #refuseChange(path: string): void {
    if (this.readOnly) throw new FileSystemError('denied', 'This account is read-only.');
    if (path === '/') throw new FileSystemError('denied', 'The root cannot be changed.');
  }

  async #translating<T>(paths: readonly string[], work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#translate(error, paths);
    }
  }

  #toInner(path: string): string {
    return path === '/' ? this.#home || '/' : this.#home + path;
  }

  /** The same error with the user's paths. Messages name one of the paths, or a folder above it. */
  #translate(error: unknown, paths: readonly string[]): unknown {
    if (!(error instanceof FileSystemError) || this.#home === '') return error;
    const inner = new Set([this.#home]);
    for (const path of paths) {
      for (let outer = path; outer.length > 1; outer = outer.slice(0, outer.lastIndexOf('/'))) {
        inner.add(this.#home + outer);
      }
    }
    const message = replaceEach(error.message, inner, (found) => found.slice(this.#home.length) || '/');
    return message === error.message ? error : new FileSystemError(error.kind, message, { cause: error });
  }
}

/** Replaces words in one pass: of several that begin at one place the longest, and never in what was replaced. */
function replaceEach(text: string, words: Iterable<string>, replacement: (word: string) => string): string {
  const longestFirst = [...words].sort((a, b) => b.length - a.length);
  let result = '';
  for (let index = 0; index < text.length; ) {
    const word = longestFirst.find((each) => text.startsWith(each, index));
    result += word === undefined ? text[index] : replacement(word);
    index += word?.length ?? 1;
  }
  return result;
}
