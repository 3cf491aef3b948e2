import type { Change } from '../journal/record.ts';

/** A record of the journal as it is stored: a line of JSON, a `JournalRecord`. */
export interface RecordedChange {
  readonly sequence: number;
  readonly record: string;
}

/**
 * What has changed in the catalogue, for the journal on the storage servers. A record gets in here with the very
 * transaction that makes the change, whichever that is, and stays until a snapshot holds it.
 */
export interface JournalOutbox {
  /** Counts the catalogues that a pool has had: one more with every rebuild. */
  readonly generation: number;
  /** Of the newest record; 0 without any. */
  readonly recorded: number;
  /** Records up to here are on enough storage servers. */
  readonly shipped: number;
  /** The newest snapshot holds all records up to here; undefined when one is needed: older changes were not recorded. */
  readonly snapshot: number | undefined;

  /**
   * From now on somebody ships the records, so what a change made garbage is kept until it is shipped: before that, the
   * storage servers still know the state before it.
   * @param onRecorded called when a record was added
   */
  begin(onRecorded: () => void): void;
  /** The records after that one, in order. */
  records(after: number, limit: number): readonly RecordedChange[];
  /** Written down with the next change: what is shipped again after a crash does no harm. */
  markShipped(sequence: number): void;
  /** A snapshot that holds all up to that record is on enough storage servers: those records can go. */
  markSnapshot(sequence: number): void;

  /** The catalogue as changes that lead to it from nothing, a page at a time: entries, then segments. */
  entries(after: string, limit: number): readonly Change[];
  segments(after: string, limit: number): readonly Change[];
  /** Files and folders that there are. */
  size(): number;
  /** The greatest number of parity parts of any segment of a file. */
  mostParityParts(): number;
}
