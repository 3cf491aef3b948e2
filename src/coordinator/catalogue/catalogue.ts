import type { Entry, FileSystem } from '../../ftp/file-system.ts';
import type { Layout } from '../segments/part-format.ts';
import type { JournalOutbox } from './journal-outbox.ts';
import type { PartPlace, UpkeepCatalogue } from './upkeep-catalogue.ts';

/**
 * The coordinator's record of folders, files, segments and parts. Every method that changes something is one
 * transaction, durable when its promise resolves. Methods are asynchronous so that a catalogue in a database
 * server can stand beside the one in SQLite. Failures a user can understand are `FileSystemError`s.
 *
 * It also holds partial uploads: what arrived of a new file before its upload was interrupted. One is only to be
 * continued; to everything but the methods that name it nothing is at its path. It goes when a file or folder takes
 * that path, with its folder, and by `removeFile`.
 */
export interface Catalogue
  extends Pick<
    FileSystem,
    'stat' | 'list' | 'makeDirectory' | 'removeDirectory' | 'removeFile' | 'rename' | 'setModified'
  > {
  /** Random, made with the catalogue; the first folder of every part's path. */
  readonly pool: string;
  /** What the journal on the storage servers is to be told. */
  readonly journal: JournalOutbox;
  readonly upkeep: UpkeepCatalogue;

  /** The file at `path` as it is now, with all its segments. */
  openFile(path: string): Promise<StoredFile>;
  /** A digest of the whole file at `path` as it is now, if it has been remembered. */
  digest(path: string, algorithm: string): Promise<string | undefined>;
  /** Keeps a digest of the file's content as long as that lasts; does nothing when it has changed since `entry`. */
  rememberDigest(entry: Entry, algorithm: string, value: string): Promise<void>;
  /**
   * What an upload to `path` would meet: the file, else the partial upload. Fails where it cannot succeed (a folder
   * is there, no parent).
   */
  checkUpload(path: string): Promise<StoredFile | undefined>;
  /** The partial upload at `path`, its time that of the interruption; undefined where there is none. */
  statPartial(path: string): Promise<Entry | undefined>;

  /** The durable intent: recorded before the first byte of a segment is sent, so that every orphan is known. */
  beginSegment(intent: SegmentIntent): Promise<number>;
  /**
   * Makes new segments visible, all or nothing. They follow the segments of `append`, which must still be the file or
   * the partial upload at that path, else `busy`; without it they are a new version, and the old one is dropped.
   */
  commitFile(path: string, upload: UploadedSegments): Promise<void>;
  /**
   * Gives a file other segments with the same content, in the place of those that it had.
   * @returns false when those are not what the file is made of any more, and nothing has changed
   */
  replaceSegments(file: StoredFile, segments: readonly FinishedSegment[]): Promise<boolean>;
  /**
   * Keeps the segments of an interrupted upload as the partial upload at `path`, in the place of one that it began
   * anew or continued.
   * @returns false when there is nothing to keep, or the path has meanwhile got a file, folder or other partial upload
   */
  suspendUpload(path: string, upload: UploadedSegments): Promise<boolean>;
  /** Drops the partial uploads interrupted before `time`. @returns how many */
  dropPartials(time: Date, isContinued: (id: string) => boolean): Promise<number>;
  /** The upload ended without commit: those of its segments that are not kept become garbage. */
  abandonSegments(ids: readonly string[]): Promise<void>;
  /** At start: whatever was being written when the coordinator ended will never be finished. */
  abandonUnfinished(): Promise<number>;

  /** Parts to remove from a storage server, oldest first. */
  garbage(server: number, limit: number): Promise<readonly GarbagePart[]>;
  /** They are gone. */
  forgetParts(parts: readonly GarbagePart[]): Promise<void>;

  /**
   * The repair queue: segments of files and partial uploads with missing parts, those with the least redundancy left
   * first, and last those that are lost, of which fewer than `k` parts are stored. Without those that are postponed.
   */
  missingParts(limit: number): Promise<readonly SegmentToRepair[]>;
  /**
   * The part was looked for on that server, and is not there or damaged.
   * @returns false when it was not thought to be stored there, so nothing has changed
   */
  markPartMissing(segment: string, index: number, server: number): Promise<boolean>;
  /** None of them is there: {@link markPartMissing} for all, in one transaction. */
  markPartsMissing(places: readonly PartPlace[]): Promise<void>;
  /**
   * The part is whole again, maybe on another server. Hold a lease on the segment until then.
   * @returns false when the segment has become garbage; the part is then removed with it
   */
  markPartStored(segment: string, index: number, server: number, part: FinishedPart): Promise<boolean>;

  totals(): Promise<CatalogueTotals>;
  close(): Promise<void>;
}

export interface SegmentIntent {
  readonly id: string;
  readonly layout: Layout;
  readonly blockBytes: number;
  /** Numbers of the storage servers, by part index. */
  readonly servers: readonly number[];
}

export interface FinishedSegment {
  readonly id: string;
  /** Bytes of the file's content. */
  readonly length: number;
  readonly crc32: number;
  /** By index. */
  readonly parts: readonly SegmentPart[];
}

export interface SegmentPart extends FinishedPart {
  /** False when it is missing: never written, lost, or found damaged. */
  readonly stored: boolean;
}

/** Bytes of the file on the storage server; none when it was never written. */
export interface FinishedPart {
  readonly headerBytes: number;
  readonly bytes: number;
}

export interface UploadedSegments {
  /** Of a new version; ignored when appending. */
  readonly file: string;
  readonly append: StoredFile | undefined;
  readonly segments: readonly FinishedSegment[];
}

export interface StoredFile {
  readonly id: string;
  /** False for a partial upload. */
  readonly complete: boolean;
  readonly size: number;
  /** Of the whole content. */
  readonly crc32: number;
  readonly segments: readonly StoredSegment[];
}

export interface StoredSegment extends FinishedSegment {
  readonly layout: Layout;
  readonly blockBytes: number;
  readonly parts: readonly StoredPart[];
}

export interface StoredPart extends SegmentPart {
  /** Where it is, or was to be. */
  readonly server: number;
  /** When every block of it was last read and right, or else when it was written. */
  readonly verified: Date;
}

/** Of a segment with missing parts, what they are made from again. */
export interface SegmentToRepair {
  readonly segment: StoredSegment;
  readonly sequence: number;
  /** Id of the file, or partial upload. */
  readonly file: string;
  /** Of the segment in its file. */
  readonly position: number;
  /** Of the file as it is now. */
  readonly path: string;
}

export interface GarbagePart {
  readonly segment: string;
  readonly index: number;
  /** False when the part may still be under its temporary name. */
  readonly settled: boolean;
}

export interface CatalogueTotals {
  readonly files: number;
  readonly folders: number;
  /** Of all files' content. */
  readonly bytes: number;
  readonly partialUploads: number;
  /** Of all partial uploads' content. */
  readonly partialBytes: number;
  readonly garbageSegments: number;
  /** Parts in the repair queue. */
  readonly missingParts: number;
  /** Parts that are stored, and their bytes. */
  readonly servers: ReadonlyMap<number, { readonly parts: number; readonly bytes: number }>;
}
