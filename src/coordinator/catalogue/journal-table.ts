import type { Change, EntryChange, JournalRecord, SegmentChange } from '../journal/record.ts';
import type { JournalOutbox, RecordedChange } from './journal-outbox.ts';
import type { Row, Statements } from './rows.ts';

/** The outbox of the journal; triggers note which rows a transaction changes, see `schema.ts`. */
export class JournalTable implements JournalOutbox {
  readonly #sql: Statements;
  #recorded = 0;
  #shipped = 0;
  #durableShipped = 0;
  #onRecorded: (() => void) | undefined;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  /** Once the tables are there. */
  open(): void {
    const state = this.#state;
    const last = this.#sql.first('SELECT coalesce(max(sequence), 0) AS sequence FROM journal');
    this.#shipped = state.integer('shipped');
    this.#durableShipped = this.#shipped;
    this.#recorded = Math.max(state.integer('snapshot'), last?.integer('sequence') ?? 0);
  }

  get generation(): number {
    return this.#state.integer('generation');
  }

  get recorded(): number {
    return this.#recorded;
  }

  get shipped(): number {
    return this.#shipped;
  }

  get snapshot(): number | undefined {
    const state = this.#state;
    return state.integer('complete') === 1 ? state.integer('snapshot') : undefined;
  }

  /** What became garbage with a later record is kept. */
  get collectible(): number {
    return this.#onRecorded ? this.#shipped : Number.MAX_SAFE_INTEGER;
  }

  begin(onRecorded: () => void): void {
    this.#onRecorded = onRecorded;
  }

  /**
   * Turns what the transaction has changed so far into a record. To be called right before each commit.
   * @returns to be called right after it
   */
  record(): (() => void) | undefined {
    const changed = this.#sql.all('SELECT kind, id FROM journal_change');
    if (changed.length === 0) return undefined;
    this.#sql.run('DELETE FROM journal_change');
    const changes = changed.map((row) => this.#change(row.text('kind'), row.text('id')));
    changes.sort((a, b) => rank(a) - rank(b));
    const sequence = this.#recorded + 1;
    const record: JournalRecord = { sequence, time: new Date().toISOString(), changes };
    this.#sql.run('INSERT INTO journal VALUES (?, ?)', sequence, JSON.stringify(record));
    for (const { change, id } of changes) {
      if (change === 'segment-removed') {
        this.#sql.run('UPDATE segment SET released = ? WHERE id = ?', sequence, id);
      }
    }
    const shipped = this.#shipped;
    if (shipped > this.#durableShipped) this.#sql.run('UPDATE journal_state SET shipped = ?', shipped);
    return () => {
      this.#recorded = sequence;
      this.#durableShipped = shipped;
      this.#onRecorded?.();
    };
  }

  records(after: number, limit: number): RecordedChange[] {
    return this.#sql
      .all('SELECT * FROM journal WHERE sequence > ? ORDER BY sequence LIMIT ?', after, limit)
      .map((row) => ({ sequence: row.integer('sequence'), record: row.text('record') }));
  }

  markShipped(sequence: number): void {
    this.#shipped = Math.max(this.#shipped, sequence);
  }

  markSnapshot(sequence: number): void {
    const shipped = this.#shipped;
    this.#sql.transaction(() => {
      this.#sql.run('UPDATE journal_state SET complete = 1, snapshot = ?, shipped = ?', sequence, shipped);
      this.#sql.run('DELETE FROM journal WHERE sequence <= ?', sequence);
    });
    this.#durableShipped = shipped;
  }

  entries(after: string, limit: number): Change[] {
    return this.#sql.all('SELECT * FROM entry WHERE id > ? ORDER BY id LIMIT ?', after, limit).map(toEntry);
  }

  segments(after: string, limit: number): Change[] {
    return this.#sql
      .all('SELECT * FROM segment WHERE id > ? AND file IS NOT NULL ORDER BY id LIMIT ?', after, limit)
      .map((row) => this.#toSegment(row));
  }

  size(): number {
    return this.#sql.first('SELECT count(*) AS entries FROM entry')?.integer('entries') ?? 0;
  }

  mostParityParts(): number {
    const row = this.#sql.first(
      'SELECT coalesce(max(parity_parts), 0) AS most FROM segment WHERE file IS NOT NULL',
    );
    return row?.integer('most') ?? 0;
  }

  #change(kind: string, id: string): Change {
    if (kind === 'entry') {
      const row = this.#sql.first('SELECT * FROM entry WHERE id = ?', id);
      return row ? toEntry(row) : { change: 'entry-removed', id };
    }
    const row = this.#sql.first('SELECT * FROM segment WHERE id = ? AND file IS NOT NULL', id);
    return row ? this.#toSegment(row) : { change: 'segment-removed', id };
  }

  #toSegment(row: Row): SegmentChange {
    const parts = this.#sql.all('SELECT * FROM part WHERE segment = ? ORDER BY position', row.text('id'));
    return {
      change: 'segment',
      id: row.text('id'),
      sequence: row.integer('sequence'),
      file: row.text('file'),
      position: row.integer('position'),
      length: row.integer('length'),
      crc32: row.integer('crc32'),
      layout: { dataParts: row.integer('data_parts'), parityParts: row.integer('parity_parts') },
      blockBytes: row.integer('block_bytes'),
      parts: parts.map((part) => ({
        server: part.integer('server'),
        headerBytes: part.integer('header_bytes'),
        bytes: part.integer('bytes'),
      })),
    };
  }

  get #state(): Row {
    const row = this.#sql.first('SELECT * FROM journal_state');
    if (!row) throw new Error('the catalogue is damaged: the state of its journal is missing');
    return row;
  }
}

function toEntry(row: Row): EntryChange {
  return {
    change: 'entry',
    id: row.text('id'),
    parent: row.optionalText('parent'),
    name: row.text('name'),
    kind: row.text('kind') === 'directory' ? 'directory' : 'file',
    size: row.integer('size'),
    crc32: row.integer('crc32'),
    modified: row.integer('modified'),
  };
}

/** What goes comes first, and so makes room for names; a file comes before its segments. */
function rank({ change }: Change): number {
  return change.endsWith('-removed') ? 0 : change === 'entry' ? 1 : 2;
}
