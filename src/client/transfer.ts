/** The words that the split client and those who use it (terminal, extension) share about transfers. */

export interface RemoteEntry {
  readonly name: string;
  /** Absolute path on the coordinator. */
  readonly path: string;
  readonly kind: 'file' | 'directory';
  readonly size: number;
  readonly modified: Date;
  /** The account may not change it (RFC 3659, section 7.5.5: perm); absent where the coordinator does not tell. */
  readonly readOnly?: boolean;
}

/** A file to be transferred, as a walk over folders finds it. */
export interface FoundFile {
  /** Where it is: a local path for an upload, one of the coordinator for a download. */
  readonly source: string;
  /** Where it goes. */
  readonly target: string;
  /** Bytes. */
  readonly size: number;
  /** Of the source. */
  readonly modified: Date;
}

export interface TransferProgress {
  /** Path on the coordinator of the file that moved last. */
  readonly current: string;
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Still walking the folders: the totals will grow. */
  readonly counting: boolean;
}

export type ConflictChoice = 'overwrite' | 'skip';

export interface TransferOptions {
  /**
   * Cancels: no half file stays on either side; the transfer rejects with the signal's reason. What arrived of a new
   * file is kept by the coordinator for a day, to be continued, and shown to nobody.
   */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TransferProgress) => void;
  /**
   * Asked, one at a time, before an existing file is replaced; the answer to "yes/no to all" is the asker's to
   * remember. Without it existing files are overwritten.
   */
  readonly onConflict?: (path: string) => Promise<ConflictChoice>;
}

/** For one file whose transfer goes on where an earlier one, even of another process, has ended. */
export interface ResumeOptions {
  /** Stops; what has arrived stays where it is, to be continued. */
  readonly signal: AbortSignal;
  /** Told where each attempt begins, then how far it has come: bytes from the beginning of the file. */
  readonly onPosition?: (bytes: number) => void;
}

export interface TransferFailure {
  readonly path: string;
  readonly message: string;
}

/** What a batch did. A file that failed does not stop the others. */
export interface TransferResult {
  readonly files: number;
  readonly bytes: number;
  readonly skipped: readonly string[];
  readonly failures: readonly TransferFailure[];
}
