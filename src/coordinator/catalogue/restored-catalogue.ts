import { DatabaseSync } from 'node:sqlite';
import type { Change, EntryChange, SegmentChange } from '../journal/record.ts';
import type { JournalOutbox } from './journal-outbox.ts';
import { JournalTable } from './journal-table.ts';
import { Statements } from './rows.ts';
import { schemaSteps } from './schema.ts';

/**
 * Numbers of segments that are left out: of those that were begun, and maybe stored in part, but that no record tells
 * of. New parts must be newer than theirs.
 */
const sequencesLeftOut = 1_000_000;

export interface FoundPart {
  readonly segment: string;
  readonly index: number;
  readonly bytes: number;
}

export interface RestoredTotals {
  readonly files: number;
  readonly folders: number;
  readonly bytes: number;
  /** Parts that are not where they should be, nor anywhere else; those of servers that are down do not count. */
  readonly missingParts: number;
  /** Parts that are found on another server than the journal says. */
  readonly movedParts: number;
  /** Parts that lie on the servers and belong to no file. */
  readonly strayParts: number;
}

/** A catalogue in the making: a new file, filled with what the storage servers know, to be opened as a catalogue then. */
export class RestoredCatalogue {
  readonly #database: DatabaseSync;
  readonly #sql: Statements;
  readonly #journal: JournalTable;
  #movedParts = 0;

  /** @param path of a file that does not exist */
  constructor(path: string, pool: string) {
    this.#database = new DatabaseSync(path);
    this.#sql = new Statements(this.#database);
    this.#journal = new JournalTable(this.#sql);
    // Not durable before its end, and rows come in any order.
    this.#database.exec('PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF;');
    this.#sql.transaction(() => {
      for (const step of schemaSteps) this.#database.exec(step);
      this.#database.exec(`PRAGMA user_version = ${schemaSteps.length}`);
      this.#sql.run('INSERT INTO pool VALUES (?)', pool);
    });
    this.#database.exec(`CREATE TEMP TABLE found (
      segment TEXT NOT NULL, position INTEGER NOT NULL, server INTEGER NOT NULL, bytes INTEGER NOT NULL,
      PRIMARY KEY (segment, position, server)) WITHOUT ROWID`);
  }

  /** For a snapshot of it. */
  get outbox(): JournalOutbox {
    return this.#journal;
  }

  apply(changes: readonly Change[]): void {
    this.#sql.transaction(() => {
      for (const change of changes) this.#applyOne(change);
      this.#sql.run('DELETE FROM journal_change'); // Nothing of this is news.
    });
  }

  /** Parts that lie on a storage server. */
  found(server: number, parts: readonly FoundPart[]): void {
    this.#sql.transaction(() => {
      for (const { segment, index, bytes } of parts) {
        this.#sql.run('INSERT OR REPLACE INTO found VALUES (?, ?, ?, ?)', segment, index, server, bytes);
      }
    });
  }

  /** What was found, by segment. */
  *foundSegments(): Generator<{
    segment: string;
    locations: { index: number; server: number; bytes: number }[];
  }> {
    let segment = '';
    for (;;) {
      const next = this.#sql.first('SELECT min(segment) AS segment FROM found WHERE segment > ?', segment);
      const id = next?.optionalText('segment');
      if (!id) return;
      segment = id;
      const rows = this.#sql.all('SELECT * FROM found WHERE segment = ? ORDER BY position, server', segment);
      const locations = rows.map((row) => ({
        index: row.integer('position'),
        server: row.integer('server'),
        bytes: row.integer('bytes'),
      }));
      yield { segment, locations };
    }
  }

  /**
   * Puts every part where it was found, or into the repair queue.
   * @param unknown numbers of the storage servers that could not be asked: what should be there is taken to be there
   */
  locateParts(unknown: readonly number[]): void {
    this.#sql.transaction(() => {
      this.#sql.run(
        `CREATE TEMP TABLE located AS
           SELECT part.segment, part.position,
                  (SELECT server FROM found
                    WHERE found.segment = part.segment AND found.position = part.position AND found.bytes = part.bytes
                    ORDER BY found.server <> part.server, found.server LIMIT 1) AS server
             FROM part`,
      );
      this.#sql.run(
        `UPDATE part SET state = 'missing'
          WHERE (bytes = 0 OR server NOT IN (SELECT value FROM json_each(?)))
            AND (segment, position) IN (SELECT segment, position FROM located WHERE server IS NULL)`,
        JSON.stringify(unknown),
      );
      this.#movedParts = this.#sql.run(
        `UPDATE part SET state = 'stored', server = located.server FROM located
          WHERE located.segment = part.segment AND located.position = part.position
            AND located.server IS NOT NULL AND located.server <> part.server`,
      );
      this.#sql.run('DELETE FROM journal_change');
    });
  }

  /** Of files that have fewer parts left than they need, or segments that do not add up to their size, the first. */
  lostFiles(limit: number): string[] {
    return this.#sql
      .all(
        `SELECT entry.id FROM segment JOIN entry ON entry.id = segment.file
          WHERE data_parts > (SELECT count(*) FROM part WHERE part.segment = segment.id AND part.state = 'stored')
         UNION
         SELECT id FROM entry WHERE kind = 'file'
            AND size <> (SELECT coalesce(sum(length), 0) FROM segment WHERE segment.file = entry.id)
          LIMIT ?`,
        limit,
      )
      .map((row) => this.#path(row.text('id')));
  }

  totals(): RestoredTotals {
    const one = (sql: string) => this.#sql.first(`SELECT (${sql}) AS value`)?.integer('value') ?? 0;
    return {
      files: one(`SELECT count(*) FROM entry WHERE kind = 'file'`),
      folders: one(`SELECT count(*) FROM entry WHERE kind = 'directory' AND parent IS NOT NULL`),
      bytes: one('SELECT coalesce(sum(size), 0) FROM entry'),
      missingParts: one(`SELECT count(*) FROM part WHERE state = 'missing'`),
      movedParts: this.#movedParts,
      strayParts: one(
        `SELECT count(*) FROM found WHERE NOT EXISTS (SELECT 1 FROM part
          WHERE part.segment = found.segment AND part.position = found.position AND part.server = found.server)`,
      ),
    };
  }

  /**
   * Sees that it is whole, and gives it what a catalogue goes on with.
   * @param sequence of the last record that anybody has seen
   * @throws Error when rows are missing to which others refer
   */
  complete(generation: number, sequence: number): void {
    const lacking = this.#sql.all('PRAGMA foreign_key_check').length;
    if (lacking > 0 || !this.#sql.first('SELECT id FROM entry WHERE parent IS NULL')) {
      throw new Error(`the journal is inconsistent: ${lacking} rows refer to others that are missing`);
    }
    this.#sql.transaction(() => {
      this.#sql.run(
        'UPDATE journal_state SET generation = ?, shipped = ?, snapshot = ?, complete = 0',
        generation,
        sequence,
        sequence,
      );
      this.#sql.run(`DELETE FROM sqlite_sequence WHERE name = 'segment'`);
      this.#sql.run(
        `INSERT INTO sqlite_sequence (name, seq) SELECT 'segment', coalesce(max(sequence), 0) + ? FROM segment`,
        sequencesLeftOut,
      );
    });
    this.#journal.open();
  }

  /** Makes it durable and closes it. */
  close(): void {
    this.#database.exec('PRAGMA synchronous = FULL; PRAGMA journal_mode = DELETE;');
    this.#sql.run('UPDATE journal_state SET generation = generation');
    this.#database.close();
  }

  #applyOne(change: Change): void {
    if (change.change === 'entry') this.#putEntry(change);
    else if (change.change === 'segment') this.#putSegment(change);
    else if (change.change === 'segment-removed') this.#removeSegment(change.id);
    else this.#sql.run('DELETE FROM entry WHERE id = ?', change.id);
  }

  /** In the place of another of that name, too: a snapshot may have an entry twice that was moved while it was written. */
  #putEntry({ id, parent, name, kind, size, crc32, modified }: EntryChange): void {
    this.#sql.run(
      'INSERT OR REPLACE INTO entry (id, parent, name, kind, size, crc32, modified) VALUES (?, ?, ?, ?, ?, ?, ?)',
      id,
      parent,
      name,
      kind,
      size,
      crc32,
      modified,
    );
  }

  #putSegment(change: SegmentChange): void {
    this.#removeSegment(change.id);
    this.#sql.run(
      `INSERT INTO segment (sequence, id, state, settled, file, position, length, crc32, data_parts, parity_parts,
                            block_bytes)
       VALUES (?, ?, 'live', 1, ?, ?, ?, ?, ?, ?, ?)`,
      change.sequence,
      change.id,
      change.file,
      change.position,
      change.length,
      change.crc32,
      change.layout.dataParts,
      change.layout.parityParts,
      change.blockBytes,
    );
    for (const [index, { server, headerBytes, bytes }] of change.parts.entries()) {
      this.#sql.run(
        'INSERT INTO part (segment, position, server, header_bytes, bytes) VALUES (?, ?, ?, ?, ?)',
        change.id,
        index,
        server,
        headerBytes,
        bytes,
      );
    }
  }

  #removeSegment(id: string): void {
    this.#sql.run('DELETE FROM part WHERE segment = ?', id);
    this.#sql.run('DELETE FROM segment WHERE id = ?', id);
  }

  #path(id: string): string {
    const row = this.#sql.first('SELECT parent, name FROM entry WHERE id = ?', id);
    const parent = row?.optionalText('parent');
    return row && parent ? `${this.#path(parent)}/${row.text('name')}` : '';
  }
}
