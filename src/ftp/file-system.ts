import type { Readable, Writable } from 'node:stream';
import type { DigestAlgorithm } from './digest.ts';

/**
 * In the answer to FEAT (RFC 2389) of every server on this engine: a file appears under its name only when its
 * upload is whole, and an upload that ends otherwise leaves what was there.
 */
export const atomicStoreFeature = 'X-ATOMIC-STOR';

/**
 * What an FTP server serves. The engine in this folder speaks the protocol and calls this interface; a
 * storage server implements it on a folder, the coordinator on its catalogue and pool.
 *
 * Paths are virtual: absolute, separated by `/`, without `.`, `..`, empty segments, or control characters;
 * the engine has resolved and checked them. `/` is the root. Every method rejects with {@link FileSystemError}
 * for what the user can understand; any other error is a defect and is answered without its text.
 */
export interface FileSystem {
  /** Whether nothing can be changed, so that clients need not try. */
  readonly readOnly?: boolean;
  stat(path: string): Promise<Entry>;
  /** The entries of a folder in no particular order. */
  list(path: string): Promise<readonly Entry[]>;
  /** Fails with `exists` where something is, `missing` where the parent is not. */
  makeDirectory(path: string): Promise<void>;
  /** Removes an empty folder; fails with `not-empty`, or `not-a-directory` for a file. */
  removeDirectory(path: string): Promise<void>;
  /** Removes a file; fails with `is-a-directory` for a folder. */
  removeFile(path: string): Promise<void>;
  /** Moves a file or folder; an existing file at `to` is replaced, an existing folder is `exists`. */
  rename(from: string, to: string): Promise<void>;
  setModified(path: string, modified: Date): Promise<void>;
  /** The bytes of a file from `offset` (0 to size) on. Destroying the stream frees everything it holds. */
  read(path: string, offset: number): Promise<FileSource>;
  /**
   * Begins an upload. `replace` makes a new version of the file, `append` adds to what is there (or creates).
   * The path is unchanged until {@link Upload.commit} resolves.
   * @param signal aborted when the client gave up (ABOR, lost control connection): commit must then fail.
   */
  write(path: string, mode: WriteMode, signal: AbortSignal): Promise<Upload>;
  /**
   * What an interrupted upload left at `path`, where nothing else is: with `append` a further upload continues it.
   * Undefined where there is none. It is not an entry: no other method knows it, but `removeFile` removes it.
   */
  partialUpload?(path: string): Promise<Entry | undefined>;
  /** The digest of the whole file, lower-case hexadecimal, where it can be had without reading the file. */
  knownDigest?(path: string, algorithm: DigestAlgorithm): Promise<string | undefined>;
  /** A digest of the whole file was computed. @param entry the file as it was before it was read */
  rememberDigest?(path: string, entry: Entry, algorithm: DigestAlgorithm, digest: string): Promise<void>;
  /** Bytes that can still be stored below a folder; undefined where nobody can tell. */
  freeBytes?(path: string): Promise<number | undefined>;
}

/** The bytes of a file. */
export interface FileSource extends Readable {
  /**
   * Called before the first byte is read, by who needs each chunk for a while only: the chunks are then lent.
   * @returns to be called with each chunk exactly as it came, in their order, when nothing reads it any more
   */
  lend?(): (chunk: Buffer) => void;
}

export type WriteMode = 'replace' | 'append';

export interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'directory';
  /** Bytes; 0 for a directory. */
  readonly size: number;
  readonly modified: Date;
  /** The same as long as the file is the same, also after a rename (RFC 3659, section 7.5.2, `unique`). */
  readonly unique: string;
}

export interface Upload {
  /** Of the first byte in the file: 0, or its size when the upload began to add to it. */
  readonly offset: number;
  /** Takes the bytes. An error of this stream ends the upload; the engine then calls {@link abort}. */
  readonly stream: Writable;
  /**
   * Called once the stream has finished: makes the upload visible, whole or not at all.
   * @returns what the final 226 says.
   */
  commit(): Promise<string>;
  /**
   * Called instead of {@link commit} however the upload ended. The path stays as it was; what arrived is dropped, or
   * kept to be continued where the file system can ({@link FileSystem.partialUpload}). Never rejects.
   */
  abort(): Promise<void>;
}

export type FileSystemErrorKind =
  | 'missing'
  | 'exists'
  | 'not-a-directory'
  | 'is-a-directory'
  | 'not-empty'
  | 'invalid-name'
  | 'denied'
  | 'busy'
  | 'no-space'
  | 'unavailable'
  | 'aborted'
  | 'damaged';

/** Its message is shown to the person at the client: no path of the machine, no secret, one line. */
export class FileSystemError extends Error {
  readonly kind: FileSystemErrorKind;

  constructor(kind: FileSystemErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FileSystemError';
    this.kind = kind;
  }
}
