import type { FinishedPart, SegmentToRepair } from './catalogue.ts';
import type { Row, Statements } from './rows.ts';
import type { SegmentTable } from './segment-table.ts';

/**
 * The repair queue: the `missing` parts of `live` segments. A part gets into it with the very transaction that commits
 * its segment, or when somebody finds it damaged. Every method runs in the transaction of its caller.
 */
export class RepairTable {
  readonly #sql: Statements;
  readonly #segments: SegmentTable;

  constructor(sql: Statements, segments: SegmentTable) {
    this.#sql = sql;
    this.#segments = segments;
  }

  /** Those whose repair was not postponed. */
  queue(limit: number): SegmentToRepair[] {
    const rows = this.#sql.all(
      `SELECT *, coalesce(file, partial) AS owner FROM segment INDEXED BY repair_queue
        WHERE state = 'live' AND missing > 0 AND repair_after <= ?
        ORDER BY missing > parity_parts, parity_parts - missing, sequence LIMIT ?`,
      Date.now(),
      limit,
    );
    return rows.map((row) => this.described(row));
  }

  /** @param row of the table `segment`, with its file or partial upload as `owner` */
  described(row: Row): SegmentToRepair {
    return {
      segment: this.#segments.stored(row),
      sequence: row.integer('sequence'),
      file: row.text('owner'),
      position: row.integer('position'),
      path: this.#path(row.text('owner')),
    };
  }

  /** How many parts of live segments are missing. */
  get length(): number {
    const row = this.#sql.first(
      `SELECT coalesce(sum(missing), 0) AS parts FROM segment INDEXED BY repair_queue WHERE state = 'live' AND missing > 0`,
    );
    return row?.integer('parts') ?? 0;
  }

  /** @returns whether it was thought to be stored there */
  markMissing(segment: string, index: number, server: number): boolean {
    const changed = this.#sql.run(
      `UPDATE part SET state = 'missing' WHERE segment = ? AND position = ? AND server = ? AND state = 'stored'
          AND EXISTS (SELECT 1 FROM segment WHERE id = part.segment AND state = 'live')`,
      segment,
      index,
      server,
    );
    return changed > 0;
  }

  /** @returns false when the segment is not live any more */
  markStored(segment: string, index: number, server: number, part: FinishedPart): boolean {
    this.#sql.run(
      `UPDATE part SET state = 'stored', server = ?, header_bytes = ?, bytes = ?, verified = ?
        WHERE segment = ? AND position = ?`,
      server,
      part.headerBytes,
      part.bytes,
      Date.now(),
      segment,
      index,
    );
    return this.#sql.first(`SELECT id FROM segment WHERE id = ? AND state = 'live'`, segment) !== undefined;
  }

  /** Of a file or partial upload. */
  #path(id: string): string {
    const names = this.#sql.all(
      `WITH RECURSIVE ancestor (parent, name, depth) AS (
         SELECT parent, name, 0 FROM (SELECT id, parent, name FROM entry UNION ALL SELECT id, parent, name FROM partial)
          WHERE id = ?
         UNION ALL
         SELECT entry.parent, entry.name, depth + 1 FROM entry JOIN ancestor ON entry.id = ancestor.parent)
       SELECT name FROM ancestor WHERE parent IS NOT NULL ORDER BY depth DESC`,
      id,
    );
    return names.map((row) => `/${row.text('name')}`).join('');
  }
}
