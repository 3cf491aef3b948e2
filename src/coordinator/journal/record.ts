/**
 * What the journal says of a change (`docs/recovery.md`). A record is one transaction of the catalogue; its changes tell
 * how rows are afterwards, not what was done to them, so that applying one twice changes nothing.
 */
import * as v from 'valibot';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** A file or folder is, or is changed to be, like this. */
const entryPut = v.object({
  change: v.literal('entry'),
  id: v.string(),
  /** Of the folder that it is in; null for the root alone. */
  parent: v.nullable(v.string()),
  name: v.string(),
  kind: v.picklist(['file', 'directory']),
  /** Bytes. */
  size: count,
  crc32: count,
  /** Milliseconds since 1970. */
  modified: v.pipe(v.number(), v.safeInteger()),
});

/** A segment of a file. */
const segmentPut = v.object({
  change: v.literal('segment'),
  id: v.string(),
  /** As in the footers of its parts. */
  sequence: count,
  file: v.string(),
  position: count,
  length: count,
  crc32: count,
  layout: v.object({ dataParts: count, parityParts: count }),
  blockBytes: count,
  /** By index. */
  parts: v.array(v.object({ server: count, headerBytes: count, bytes: count })),
});

const entryRemoved = v.object({ change: v.literal('entry-removed'), id: v.string() });
const segmentRemoved = v.object({ change: v.literal('segment-removed'), id: v.string() });

export const change = v.variant('change', [entryPut, segmentPut, entryRemoved, segmentRemoved]);
export type Change = v.InferOutput<typeof change>;
export type EntryChange = v.InferOutput<typeof entryPut>;
export type SegmentChange = v.InferOutput<typeof segmentPut>;

export const journalRecord = v.object({
  /** One more than that of the record before. */
  sequence: count,
  /** ISO 8601. */
  time: v.string(),
  changes: v.array(change),
});
export type JournalRecord = v.InferOutput<typeof journalRecord>;
