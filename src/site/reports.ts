/**
 * What a coordinator tells about itself through SITE, where FTP has no verb: one JSON object a line, inside a
 * multi-line 200 reply (RFC 959, section 4.2), each line indented by one space. Written by the coordinator,
 * checked on arrival by the split client, readable for a person at any FTP client:
 *
 *   SITE STATUS        the coordinator, then every storage server
 *   SITE STATUS -from 100   the line of that number (from 0) and those after it, as much as fits into a reply
 *   SITE WHERE path    every part of the file
 *   SITE WHERE -from 100 /path   the part of that number (from 0) and those after it, {@link partsPerPage} at most
 *   SITE EXPECT 1234   the next STOR or APPE carries exactly 1234 bytes, or is not committed (plain 200)
 *
 * For the owner, about upkeep. Nothing of it is waited for: the reply tells what was begun, and asking again how far
 * it is.
 *
 *   SITE VERIFY path          begins to verify every part of what is at the path (all files: `/`): a verification
 *   SITE VERIFY -status 3     how far verification 3 is
 *   SITE VERIFY -findings 3 0 what it found, from that number on, as much as fits into a reply; nothing at the end
 *   SITE VERIFY -stop 3       ends it where it is
 *   SITE REPAIR               tries at once whatever waits for repair: a line of kind `repair`
 *   SITE REPAIR -server 2     first looks which parts storage server 2 really has
 *   SITE DRAIN 2              storage server 2 gets no new parts, and those that it has move away: its line of STATUS
 *   SITE DRAIN -undo 2        it is a full member again
 *   SITE REBALANCE            moves parts to where they would be placed today: a line of kind `rebalance`
 *   SITE REBALANCE -stop      ends that where it is
 */
import * as v from 'valibot';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** ISO 8601, UTC. */
const time = v.pipe(v.string(), v.isoTimestamp());

/** Of all files, each in one of these. */
export const healthReport = v.object({
  /** Every part is stored, on a server that is up. */
  whole: count,
  /** Readable, but with parts missing or on servers that are down. */
  degraded: count,
  /** Not readable until a server is up again. */
  unavailable: count,
  /** Fewer parts are left than it takes. */
  lost: count,
});
export type HealthReport = v.InferOutput<typeof healthReport>;

export const repairReport = v.object({
  kind: v.literal('repair'),
  /** `waiting`: what is in the queue cannot be repaired at present, or its turn comes after transfers. */
  state: v.picklist(['idle', 'running', 'waiting']),
  /** Parts to be rebuilt. */
  parts: count,
  /** Of those parts. */
  bytes: count,
  /** Rebuilt and verified since the coordinator started. */
  repairedParts: count,
  repairedBytes: count,
  /** Why it waits, in words for a person. */
  reason: v.optional(v.string()),
});
export type RepairReport = v.InferOutput<typeof repairReport>;

export const scrubReport = v.object({
  kind: v.literal('scrub'),
  state: v.picklist(['idle', 'running', 'waiting']),
  /** In so many days each part is verified once. */
  periodDays: v.number(),
  /** Parts that are stored, and of them those verified within the period. */
  parts: count,
  verifiedParts: count,
  /** Found missing or damaged, since the coordinator started. */
  found: count,
  /** When the part was verified (or else written) that has waited longest; absent where there are no parts. */
  oldest: v.optional(time),
});
export type ScrubReport = v.InferOutput<typeof scrubReport>;

export const rebalanceReport = v.object({
  kind: v.literal('rebalance'),
  state: v.picklist(['idle', 'running', 'waiting']),
  /** Segments that were compared with where they would be placed today, of how many. */
  segments: count,
  checkedSegments: count,
  movedParts: count,
  movedBytes: count,
  reason: v.optional(v.string()),
});
export type RebalanceReport = v.InferOutput<typeof rebalanceReport>;

export const verificationReport = v.object({
  kind: v.literal('verification'),
  id: count,
  path: v.string(),
  state: v.picklist(['running', 'done', 'stopped', 'failed']),
  files: count,
  parts: count,
  bytes: count,
  /** Looked at so far, whatever the result. */
  checkedParts: count,
  checkedBytes: count,
  /** Results; parts that were known to be missing count as missing. */
  damaged: count,
  missing: count,
  /** Parts that could not be looked at since their server is down. */
  unreachable: count,
  /** Files of which fewer parts are left than it takes. */
  lostFiles: count,
  /** Why it failed, in words for a person. */
  reason: v.optional(v.string()),
});
export type VerificationReport = v.InferOutput<typeof verificationReport>;

/** One part that a verification did not find in order. */
export const findingReport = v.object({
  kind: v.literal('finding'),
  /** Of the file. */
  path: v.string(),
  segment: count,
  index: count,
  number: count,
  state: v.picklist(['damaged', 'missing', 'unreachable']),
  /** In words for a person. */
  reason: v.string(),
});
export type FindingReport = v.InferOutput<typeof findingReport>;

export const coordinatorReport = v.object({
  kind: v.literal('coordinator'),
  version: v.string(),
  /** Names the pool; two coordinators with the same id serve the same catalogue. */
  pool: v.string(),
  /** As in DESIGN: `2+0`. */
  layout: v.string(),
  files: count,
  folders: count,
  /** How many storage servers there are; absent from a coordinator that tells of all of them in one reply. */
  storageServers: v.optional(count),
  bytes: count,
  /** Encryption of connections to it; absent when it is off. */
  tls: v.optional(
    v.object({
      mode: v.picklist(['optional', 'required']),
      /** SHA-256 of the certificate, 64 lowercase hexadecimal digits. */
      fingerprint: v.string(),
    }),
  ),
  /** Interrupted uploads that can be continued, and what of them is there. */
  partialUploads: count,
  partialBytes: count,
  /** Segments whose parts are still to be removed. */
  garbage: count,
  /** The record of changes on the storage servers, from which the catalogue can be rebuilt. */
  journal: v.optional(
    v.object({
      /** Changes that are on fewer servers than they should be. */
      waiting: count,
      /** On so many servers each change should be. */
      copies: count,
      /** Why changes wait, in words for a person. */
      reason: v.optional(v.string()),
    }),
  ),
  /** Absent from a coordinator that knows nothing of it. */
  health: v.optional(healthReport),
  repair: v.optional(repairReport),
  scrub: v.optional(scrubReport),
  rebalance: v.optional(rebalanceReport),
});
export type CoordinatorReport = v.InferOutput<typeof coordinatorReport>;

export const storageServerReport = v.object({
  kind: v.literal('storage server'),
  number: count,
  /** `host:port`. */
  address: v.string(),
  /**
   * `full`: up, but it takes no more parts. `draining` and `drained`: up, and it gets no new parts; drained is when it
   * has none left and can be removed from the configuration. `strange`: up, but its folder belongs to another storage
   * server or is another than before, so that nothing is trusted, written or removed there.
   */
  state: v.picklist(['up', 'full', 'draining', 'drained', 'strange', 'down']),
  /** Why it is down, full or strange, or cannot be emptied, in words for a person. */
  reason: v.optional(v.string()),
  /** It is to be emptied, whether it is up or down. */
  draining: v.optional(v.boolean(), false),
  /** Of two servers with the same failure domain none or both are taken to survive. */
  domain: v.optional(v.string()),
  /** What it can do, as far as that was found out: `rename`, `SIZE`, `REST`, `TLSv1.3 resumed`, ... */
  can: v.optional(v.array(v.string()), []),
  /** Control connections that it is asked for at most, at present. */
  connections: v.optional(count),
  parts: count,
  /** Of those parts, headers and checks included. */
  bytes: count,
  /** Parts that belong on it and are to be rebuilt; not counted in `parts`. */
  missing: v.optional(count, 0),
  /** Bytes that it says are free; absent where it does not tell. */
  free: v.optional(count),
  /** Operations that failed on it since the coordinator started. */
  errors: v.optional(count, 0),
});
export type StorageServerReport = v.InferOutput<typeof storageServerReport>;

export const statusReport = v.variant('kind', [coordinatorReport, storageServerReport]);
export type StatusReport = v.InferOutput<typeof statusReport>;

export const partReport = v.object({
  kind: v.literal('part'),
  /** Position of the segment in the file, from 0. */
  segment: count,
  index: count,
  role: v.picklist(['data', 'parity']),
  number: count,
  address: v.string(),
  /** Path on the storage server. */
  path: v.string(),
  bytes: count,
  /** `missing`: never written, lost or found damaged; it waits for repair. `unreachable`: its server is down. */
  state: v.optional(v.picklist(['stored', 'missing', 'unreachable']), 'stored'),
  /** When every block of it was last verified, or else when it was written. */
  verified: v.optional(time),
});
export type PartReport = v.InferOutput<typeof partReport>;

/** A file may have more parts than fit into the 64 KiB of one reply that clients take. */
export const partsPerPage = 100;
/** Bytes of a page whose lines have paths of files, of 4 KiB at most, or reasons of any length in them. */
const pageBytes = 48 * 1024;

/** The first of these reports, a line each: as many as fit into one reply, and one at least. */
export function firstPage(reports: Iterable<object>): string[] {
  const lines: string[] = [];
  let bytes = 0;
  for (const report of reports) {
    const line = JSON.stringify(report);
    bytes += Buffer.byteLength(line);
    if (lines.length > 0 && bytes > pageBytes) break;
    lines.push(line);
  }
  return lines;
}

/** The reports in the text of a multi-line reply; throws on a line that is not a report of this kind. */
export function parseReports<T>(schema: v.GenericSchema<unknown, T>, reply: string): T[] {
  return reply
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('{'))
    .map((line) => v.parse(schema, JSON.parse(line)));
}
