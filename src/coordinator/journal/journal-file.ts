/** The files of the journal on a storage server, as `docs/recovery.md` describes them. Everything here is pure. */
import * as v from 'valibot';
import type { RecordedChange } from '../catalogue/journal-outbox.ts';
import { LineSealer } from './sealed-lines.ts';

/** Below the pool's folder. */
export const journalFolder = 'journal';

/** The first line of a journal or snapshot. */
export const fileHeader = v.object({
  kind: v.picklist(['journal', 'snapshot']),
  version: v.literal(1),
  pool: v.string(),
  generation: v.number(),
  /** Of the first and last record in a journal; of the last one before and during the writing of a snapshot. */
  first: v.number(),
  last: v.optional(v.number()),
  /** On how many storage servers a record is before a client is told of its change, if so many can be reached. */
  copies: v.number(),
  /** ISO 8601. */
  written: v.string(),
});
export type FileHeader = v.InferOutput<typeof fileHeader>;

/** What its name tells of a file in the journal's folder. */
export interface JournalFileName {
  readonly kind: 'journal' | 'snapshot';
  readonly generation: number;
  /** A snapshot and all records after `first` - 1 give every state from `last` on. */
  readonly first: number;
  readonly last: number;
}

/** Names in the order of their letters are in the order of time. */
export function nameOfJournalFile({ kind, generation, first, last }: JournalFileName): string {
  const range = `${number(generation, 4)}-${number(first, 12)}-${number(last, 12)}`;
  return kind === 'journal' ? `${range}.journal` : `${range}.snapshot.gz`;
}

/** Undefined for a file of another kind, or one that was still being written. */
export function parseJournalFileName(name: string): JournalFileName | undefined {
  const [, generation, first, last, ending] =
    /^(\d{4,})-(\d{12,})-(\d{12,})\.(journal|snapshot\.gz)$/.exec(name) ?? [];
  if (ending === undefined) return undefined;
  return {
    kind: ending === 'journal' ? 'journal' : 'snapshot',
    generation: Number(generation),
    first: Number(first),
    last: Number(last),
  };
}

export interface JournalBatch {
  readonly pool: string;
  readonly generation: number;
  readonly copies: number;
  readonly records: readonly RecordedChange[];
}

/** A journal file. @param records at least one, without a gap */
export function encodeJournal(batch: JournalBatch): { name: string; bytes: Buffer } {
  const { pool, generation, copies, records } = batch;
  const first = records[0]?.sequence ?? 0;
  const last = first + records.length - 1;
  const header: FileHeader = {
    kind: 'journal',
    version: 1,
    pool,
    generation,
    first,
    last,
    copies,
    written: new Date().toISOString(),
  };
  const sealer = new LineSealer();
  const lines = [JSON.stringify(header), ...records.map(({ record }) => record)].map((json) =>
    sealer.seal(json),
  );
  return {
    name: nameOfJournalFile({ kind: 'journal', generation, first, last }),
    bytes: Buffer.from([...lines, sealer.end()].join('')),
  };
}

function number(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
