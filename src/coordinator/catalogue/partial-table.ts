import type { Row, Statements } from './rows.ts';
import type { SegmentTable } from './segment-table.ts';

/** Partial uploads. Every method runs in the transaction of its caller. */
export class PartialTable {
  readonly #sql: Statements;
  readonly #segments: SegmentTable;

  constructor(sql: Statements, segments: SegmentTable) {
    this.#sql = sql;
    this.#segments = segments;
  }

  at(parent: string, name: string): Row | undefined {
    return this.#sql.first('SELECT * FROM partial WHERE parent = ? AND name = ?', parent, name);
  }

  insert(id: string, parent: string, name: string): void {
    this.#sql.run('INSERT INTO partial VALUES (?, ?, ?, 0, 0, 0)', id, parent, name);
  }

  /** It has grown, and was interrupted now. */
  update(id: string, size: number, crc32: number): void {
    this.#sql.run(
      'UPDATE partial SET size = ?, crc32 = ?, modified = ? WHERE id = ?',
      size,
      crc32,
      Date.now(),
      id,
    );
  }

  interruptedBefore(time: Date): string[] {
    return this.#sql
      .all('SELECT id FROM partial WHERE modified < ?', time.getTime())
      .map((row) => row.text('id'));
  }

  /** Its segments become garbage, those it still has. */
  drop(id: string): void {
    this.#segments.release('partial', id);
    this.#sql.run('DELETE FROM partial WHERE id = ?', id);
  }

  dropAt(parent: string, name: string): void {
    const partial = this.at(parent, name);
    if (partial) this.drop(partial.text('id'));
  }

  dropIn(parent: string): void {
    for (const partial of this.#sql.all('SELECT id FROM partial WHERE parent = ?', parent)) {
      this.drop(partial.text('id'));
    }
  }
}
