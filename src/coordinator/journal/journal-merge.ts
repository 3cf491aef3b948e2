import type { RecordedChange } from '../catalogue/journal-outbox.ts';
import type { StorageServer } from '../pool/storage-server.ts';
import { encodeJournal, type JournalBatch, type JournalFileName, nameOfJournalFile } from './journal-file.ts';
import { journalPath, putJournalBytes } from './journal-store.ts';

/** So many small files are worth a large one. */
const worthwhile = 100;
/** A file with more records is not small. */
const smallRecords = 100;
/** A large file has at most so many, and not many more characters. */
const largeRecords = 1_000;
const largeCharacters = 4 * 1024 * 1024;

export interface JournalMerge extends Omit<JournalBatch, 'records'> {
  readonly server: StorageServer;
  /** What the server holds of the journal. */
  readonly files: readonly JournalFileName[];
  /** Records up to there are on enough servers. */
  readonly shipped: number;
  /** The records after that one, in order. */
  readonly records: (after: number, limit: number) => readonly RecordedChange[];
  readonly signal: AbortSignal;
}

/**
 * Puts one file in the place of many on a storage server: a record that somebody waited for has one of its own. The
 * small ones go when the large one was seen to be there; until then records are in both, which does no harm.
 */
export async function mergeJournal(merge: JournalMerge): Promise<void> {
  const { server, pool, generation, copies, files, shipped, signal } = merge;
  const own = files.filter((file) => file.kind === 'journal' && file.generation === generation);
  let left = own.filter((file) => file.last - file.first < smallRecords && file.last <= shipped);
  while (left.length >= worthwhile && !signal.aborted) {
    const first = Math.min(...left.map((file) => file.first));
    const records = fitting(merge.records(first - 1, largeRecords), shipped);
    const last = records.at(-1)?.sequence ?? 0;
    if (records[0]?.sequence !== first) return; // A snapshot holds them by now.
    const { name, bytes } = encodeJournal({ pool, generation, copies, records });
    const covered = left.filter((file) => file.last <= last);
    if (covered.length < 2) return;
    await server.use(async (connection) => {
      await putJournalBytes(server, connection, { pool, name }, bytes);
      for (const file of covered) {
        if (signal.aborted) return;
        const small = nameOfJournalFile(file);
        if (small !== name) await connection.remove(journalPath(pool, small));
      }
    });
    left = left.filter((file) => !covered.includes(file));
  }
}

function fitting(records: readonly RecordedChange[], shipped: number): RecordedChange[] {
  let characters = 0;
  return records.filter(({ sequence, record }) => {
    characters += record.length;
    return sequence <= shipped && characters <= largeCharacters;
  });
}
