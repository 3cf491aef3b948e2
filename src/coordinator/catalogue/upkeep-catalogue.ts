import type { FinishedPart, SegmentToRepair } from './catalogue.ts';

/**
 * What upkeep remembers in the catalogue: when each part was verified, which storage servers are draining, files of
 * parts that are, or may be, where their part is not. As in the catalogue, what changes something is one transaction.
 */
export interface UpkeepCatalogue {
  /** Numbers of the storage servers that are to be emptied. */
  draining(): Promise<readonly number[]>;
  setDraining(server: number, draining: boolean): Promise<void>;
  /** Whether anything of the pool is, or may be, on that server. */
  uses(server: number): Promise<boolean>;

  /**
   * The durable intent to write a part to a server that is not its place yet. Hold a lease on the segment from before
   * that on, so that the collector leaves what is written.
   * @returns false when a former file of that part has to be removed from there first, or the segment is not live
   */
  beginMove(segment: string, index: number, to: number): Promise<boolean>;
  /**
   * The part was written to `to` and verified: that is its place now, and what may be at `from` is a stray part.
   * @returns false when that is not its place any more: what was written is a stray part
   */
  finishMove(segment: string, index: number, from: number, to: number, part: FinishedPart): Promise<boolean>;
  /** Files of parts to remove from a server that is not, or not yet, their parts' place. */
  strays(server: number, limit: number): Promise<readonly PartPlace[]>;
  forgetStray(place: PartPlace): Promise<void>;

  /** Live stored parts of one storage server, by segment and index, behind `after`. */
  partsOn(server: number, after: PartPlace | undefined, limit: number): Promise<readonly PartOnServer[]>;
  /** Live stored parts of one storage server whose segments' ids begin so. */
  partsBeginning(server: number, prefix: string): Promise<readonly PartOnServer[]>;
  /** Whether a file of that name on that server is known, for whatever reason. */
  knows(place: PartPlace): Promise<boolean>;

  /** Stored parts that were not verified since `time`, on these servers, the longest waiting first, behind `after`. */
  unverified(
    time: Date,
    servers: readonly number[],
    after: UnverifiedPart | undefined,
    limit: number,
  ): Promise<readonly UnverifiedPart[]>;
  markVerified(place: PartPlace): Promise<void>;
  /** Of all stored parts. @param time counts those verified since then */
  verified(time: Date): Promise<VerifiedParts>;

  /** Takes the segment out of the repair queue until then. */
  postpone(segment: string, until: Date): Promise<void>;
  /** Everything that was postponed is in the queue again. */
  postponeNone(): Promise<void>;
  /** Parts in the repair queue, postponed ones too, by the server they belong on. */
  missing(): Promise<ReadonlyMap<number, PartSum>>;
  /** All stored parts, by the server they are on. */
  partSums(): Promise<ReadonlyMap<number, PartSum>>;

  /** @param reachable numbers of the servers that are up */
  health(reachable: readonly number[]): Promise<HealthOfFiles>;
  /** The segments of files and partial uploads, by sequence, behind `after`. */
  segmentsAfter(after: number, limit: number): Promise<readonly SegmentToRepair[]>;
  liveSegments(): Promise<number>;
  /** Undefined when it is not live. */
  segment(id: string): Promise<SegmentToRepair | undefined>;
  /** Ids and paths of all files at a path and below it. @throws FileSystemError `missing` */
  filesBelow(path: string): Promise<readonly { readonly id: string; readonly path: string }[]>;
  /** Ids of the segments of a file, in the order of their bytes. */
  segmentsOf(file: string): Promise<readonly string[]>;

  /** A file that nothing is known of was seen on a server. @returns since when it has been seen there */
  seeOrphan(server: number, path: string): Promise<Date>;
  orphans(server: number): Promise<readonly string[]>;
  forgetOrphan(server: number, path: string): Promise<void>;
  /**
   * The file is to be removed as a stray part, so that until then no part can be moved to its place.
   * @returns false when it is known by now
   */
  giveUpOrphan(place: PartPlace, path: string): Promise<boolean>;

  /** A small text kept under a name. */
  note(name: string): Promise<string | undefined>;
  setNote(name: string, value: string | undefined): Promise<void>;
}

/** The file of one part on one storage server. */
export interface PartPlace {
  readonly segment: string;
  readonly index: number;
  readonly server: number;
}

export interface PartOnServer extends PartPlace {
  readonly bytes: number;
}

export interface UnverifiedPart extends PartOnServer {
  /** When every block of it was last read and right, or else when it was written. */
  readonly verified: Date;
}

export interface PartSum {
  readonly parts: number;
  readonly bytes: number;
}

/** Counts of files; all others are whole. */
export interface HealthOfFiles {
  readonly degraded: number;
  readonly unavailable: number;
  readonly lost: number;
}

export interface VerifiedParts {
  readonly parts: number;
  readonly verified: number;
  /** When the part was verified or written that has waited longest. */
  readonly oldest: Date | undefined;
}
