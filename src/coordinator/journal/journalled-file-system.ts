import type { DigestAlgorithm } from '../../ftp/digest.ts';
import type { Entry, FileSource, FileSystem, Upload, WriteMode } from '../../ftp/file-system.ts';
import { crashPoint } from '../crash-point.ts';
import type { Journal } from './journal.ts';

/** A file system whose changes are in the journal before anybody is told that they are done. */
export class JournalledFileSystem implements FileSystem {
  readonly #inner: FileSystem;
  readonly #journal: Journal;

  constructor(inner: FileSystem, journal: Journal) {
    this.#inner = inner;
    this.#journal = journal;
  }

  stat(path: string): Promise<Entry> {
    return this.#inner.stat(path);
  }

  list(path: string): Promise<readonly Entry[]> {
    return this.#inner.list(path);
  }

  read(path: string, offset: number): Promise<FileSource> {
    return this.#inner.read(path, offset);
  }

  makeDirectory(path: string): Promise<void> {
    return this.#recording(() => this.#inner.makeDirectory(path));
  }

  removeDirectory(path: string): Promise<void> {
    return this.#recording(() => this.#inner.removeDirectory(path));
  }

  removeFile(path: string): Promise<void> {
    return this.#recording(() => this.#inner.removeFile(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#recording(() => this.#inner.rename(from, to));
  }

  setModified(path: string, modified: Date): Promise<void> {
    return this.#recording(() => this.#inner.setModified(path, modified));
  }

  async write(path: string, mode: WriteMode, signal: AbortSignal): Promise<Upload> {
    const upload = await this.#inner.write(path, mode, signal);
    return {
      offset: upload.offset,
      stream: upload.stream,
      commit: () => this.#recording(() => upload.commit()),
      abort: () => upload.abort(),
    };
  }

  async partialUpload(path: string): Promise<Entry | undefined> {
    return this.#inner.partialUpload?.(path);
  }

  async knownDigest(path: string, algorithm: DigestAlgorithm): Promise<string | undefined> {
    return this.#inner.knownDigest?.(path, algorithm);
  }

  async rememberDigest(
    path: string,
    entry: Entry,
    algorithm: DigestAlgorithm,
    digest: string,
  ): Promise<void> {
    await this.#inner.rememberDigest?.(path, entry, algorithm, digest);
  }

  async freeBytes(path: string): Promise<number | undefined> {
    return this.#inner.freeBytes?.(path);
  }

  async #recording<T>(change: () => Promise<T>): Promise<T> {
    const result = await change();
    await this.#journal.ship();
    crashPoint('journal.shipped');
    return result;
  }
}
