/**
 * What a coordinator tells about itself through SITE, where FTP has no verb: one JSON object a line, inside a
 * multi-line 200 reply (RFC 959, section 4.2), each line indented by one space. Written by the coordinator,
 * checked on arrival by the split client, readable for a person at any FTP client:
 *
 *   SITE STATUS        the coordinator, then every storage server
 *   SITE WHERE path    every part of the file
 *   SITE WHERE -from 100 /path   the part of that number (from 0) and those after it, {@link partsPerPage} at most
 *   SITE EXPECT 1234   the next STOR or APPE carries exactly 1234 bytes, or is not committed (plain 200)
 */
import * as v from 'valibot';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

export const coordinatorReport = v.object({
  kind: v.literal('coordinator'),
  version: v.string(),
  /** Names the pool; two coordinators with the same id serve the same catalogue. */
  pool: v.string(),
  /** As in DESIGN: `2+0`. */
  layout: v.string(),
  files: count,
  folders: count,
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
});
export type CoordinatorReport = v.InferOutput<typeof coordinatorReport>;

export const storageServerReport = v.object({
  kind: v.literal('storage server'),
  number: count,
  /** `host:port`. */
  address: v.string(),
  state: v.picklist(['up', 'down']),
  /** Why it is down, in words for a person. */
  reason: v.optional(v.string()),
  /** What it can do, as far as that was found out: `rename`, `SIZE`, `REST`, `TLSv1.3 resumed`, ... */
  can: v.optional(v.array(v.string()), []),
  /** Control connections that it is asked for at most, at present. */
  connections: v.optional(count),
  parts: count,
  /** Of those parts, headers and checks included. */
  bytes: count,
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
});
export type PartReport = v.InferOutput<typeof partReport>;

/** A file may have more parts than fit into the 64 KiB of one reply that clients take. */
export const partsPerPage = 100;

/** The reports in the text of a multi-line reply; throws on a line that is not a report of this kind. */
export function parseReports<T>(schema: v.GenericSchema<unknown, T>, reply: string): T[] {
  return reply
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('{'))
    .map((line) => v.parse(schema, JSON.parse(line)));
}
