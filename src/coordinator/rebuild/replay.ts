import type { RestoredCatalogue } from '../catalogue/restored-catalogue.ts';
import { readJournalFile } from '../journal/journal-reader.ts';
import type { Change } from '../journal/record.ts';
import { readSnapshotFile, type SnapshotRange } from '../journal/snapshot-file.ts';
import { RebuildError } from './rebuild-error.ts';
import { fetchJournalFile, type StoredJournalFile } from './stored-journal.ts';

type Snapshot = SnapshotRange & { readonly copies: number };

/** Changes of a snapshot that are applied at once. */
const batchChanges = 1_000;

export interface ReplayOptions {
  readonly pool: string;
  /** All that the reachable servers hold, in the order of time. */
  readonly files: readonly StoredJournalFile[];
  /** For files on their way; writable. */
  readonly folder: string;
  readonly catalogue: RestoredCatalogue;
  readonly onProgress: (message: string) => void;
}

export interface Replayed {
  /** The last record that was applied. */
  readonly sequence: number;
  /** Of the newest catalogue that the pool has had. */
  readonly generation: number;
  /** The last record that a file of any generation is named after. */
  readonly lastSeen: number;
  /** On so many servers each record should be. */
  readonly copies: number;
  /** Why records are missing after {@link sequence}; undefined when nothing tells of any. */
  readonly gap: string | undefined;
}

/**
 * Fills the catalogue from the newest usable snapshot and the records after it.
 * @throws RebuildError when there is nothing to begin with
 */
export async function replayJournal(options: ReplayOptions): Promise<Replayed> {
  const { files, onProgress } = options;
  const generation = files.at(-1)?.generation;
  if (generation === undefined) {
    throw new RebuildError(
      'The storage servers hold no journal of this pool. What their parts tell can be saved with --from-parts.',
    );
  }
  const own = files.filter((file) => file.generation === generation);
  const damage: string[] = [];
  const onDamage = (reason: string) => {
    damage.push(reason);
    onProgress(`not usable: ${reason}`);
  };
  const base = await applySnapshot(options, own, onDamage);
  if (!base && !(generation === 1 && own.some(({ kind, first }) => kind === 'journal' && first === 1))) {
    throw new RebuildError(
      `No snapshot of the catalogue can be read, and the journal does not begin at its first record.${listOf(damage)}`,
    );
  }
  let sequence = base?.first ?? 0;
  let copies = base?.copies ?? 1;
  let applied = 0;
  let gap: string | undefined;
  const last = Math.max(
    base?.last ?? 0,
    ...own.map((file) => (file.kind === 'journal' ? file.last : file.first)),
  );
  while (sequence < last && gap === undefined) {
    const next = sequence + 1;
    const candidates = own
      .filter((file) => file.kind === 'journal' && file.first <= next && next <= file.last)
      .sort((a, b) => b.last - a.last);
    let read: Awaited<ReturnType<typeof readJournalFile>> | undefined;
    for (const file of candidates) {
      read ??= await fetchJournalFile(options.pool, file, options.folder, readJournalFile, onDamage);
    }
    if (!read) {
      gap = `Record ${next} of the journal is missing, of ${last}.${listOf(damage)}`;
      break;
    }
    const { header, records } = read;
    copies = header.copies;
    const news = records.filter((record) => record.sequence > sequence);
    options.catalogue.apply(news.flatMap(({ changes }) => changes));
    applied += news.length;
    sequence = header.first + records.length - 1;
  }
  onProgress(`${applied} records applied, up to record ${sequence}`);
  return { sequence, generation, copies, gap, lastSeen: Math.max(...files.map((file) => file.last)) };
}

async function applySnapshot(
  { pool, folder, catalogue, onProgress }: ReplayOptions,
  files: readonly StoredJournalFile[],
  onDamage: (reason: string) => void,
): Promise<Snapshot | undefined> {
  for (const file of files.filter(({ kind }) => kind === 'snapshot').reverse()) {
    const range = await fetchJournalFile(
      pool,
      file,
      folder,
      async (path) => {
        await eachBatch(path, () => undefined); // Damage must be noticed before anything is used.
        return eachBatch(path, (changes) => catalogue.apply(changes));
      },
      onDamage,
    );
    if (!range) continue;
    onProgress(`snapshot ${file.name} read`);
    return range;
  }
  return undefined;
}

async function eachBatch(path: string, use: (changes: readonly Change[]) => void): Promise<Snapshot> {
  const changes = readSnapshotFile(path);
  let batch: Change[] = [];
  for (;;) {
    const next = await changes.next();
    if (!next.done) batch.push(next.value);
    if (next.done || batch.length >= batchChanges) {
      use(batch);
      batch = [];
    }
    if (next.done) return next.value;
  }
}

function listOf(damage: readonly string[]): string {
  return damage.map((reason) => `\n  ${reason}`).join('');
}
