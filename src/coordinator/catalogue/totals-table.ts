import type { CatalogueTotals } from './catalogue.ts';
import type { RepairTable } from './repair-table.ts';
import type { Row, Statements } from './rows.ts';
import type { PartSum, VerifiedParts } from './upkeep-catalogue.ts';

/** Counts of everything; triggers keep the sums of parts, see `schema.ts`, since parts are too many to be counted. */
export class TotalsTable {
  readonly #sql: Statements;
  readonly #repairs: RepairTable;

  constructor(sql: Statements, repairs: RepairTable) {
    this.#sql = sql;
    this.#repairs = repairs;
  }

  totals(): CatalogueTotals {
    const entries = this.#sql.first(
      `SELECT count(*) FILTER (WHERE kind = 'file') AS files, count(*) FILTER (WHERE kind = 'directory') - 1 AS folders,
              coalesce(sum(size), 0) AS bytes FROM entry`,
    );
    const partials = this.#sql.first(
      'SELECT count(*) AS uploads, coalesce(sum(size), 0) AS bytes FROM partial',
    );
    const garbage = this.#sql.first(`SELECT count(*) AS segments FROM segment WHERE state = 'garbage'`);
    return {
      files: entries?.integer('files') ?? 0,
      folders: entries?.integer('folders') ?? 0,
      bytes: entries?.integer('bytes') ?? 0,
      partialUploads: partials?.integer('uploads') ?? 0,
      partialBytes: partials?.integer('bytes') ?? 0,
      garbageSegments: garbage?.integer('segments') ?? 0,
      missingParts: this.#repairs.length,
      servers: this.stored(),
    };
  }

  /** By server: its stored parts. */
  stored(): Map<number, PartSum> {
    return sumsOf(this.#sql.all('SELECT * FROM part_sum WHERE parts > 0'));
  }

  /** By server: parts of live segments that are missing and belong there. All by their sums, without the few of others. */
  missing(): Map<number, PartSum> {
    const rows = this.#sql.all(
      `SELECT server, sum(parts) AS parts, sum(bytes) AS bytes
         FROM (SELECT server, parts, bytes FROM missing_sum
               UNION ALL
               SELECT server, -1, -part.bytes FROM segment CROSS JOIN part ON part.segment = segment.id
                WHERE segment.state IN ('intent', 'garbage') AND missing > 0 AND part.state = 'missing')
        GROUP BY server HAVING sum(parts) > 0`,
    );
    return sumsOf(rows);
  }

  /** Of the stored parts of live segments: all of them by their sums, without the few of others. */
  verified(time: Date): VerifiedParts {
    const since = time.getTime();
    const all = this.#sql.first(
      `SELECT (SELECT coalesce(sum(parts), 0) FROM part_sum) AS parts,
              (SELECT count(*) FROM part INDEXED BY part_verified WHERE state = 'stored' AND verified >= ?) AS verified`,
      since,
    );
    const others = this.#sql.first(
      `SELECT count(*) AS parts, count(*) FILTER (WHERE verified >= ?) AS verified
         FROM segment CROSS JOIN part ON part.segment = segment.id
        WHERE segment.state IN ('intent', 'garbage') AND part.state = 'stored'`,
      since,
    );
    const oldest = this.#sql.first(
      `SELECT verified FROM part INDEXED BY part_verified
        WHERE state = 'stored' AND EXISTS (SELECT 1 FROM segment WHERE id = part.segment AND segment.state = 'live')
        ORDER BY verified LIMIT 1`,
    );
    return {
      parts: (all?.integer('parts') ?? 0) - (others?.integer('parts') ?? 0),
      verified: (all?.integer('verified') ?? 0) - (others?.integer('verified') ?? 0),
      oldest: oldest && new Date(oldest.integer('verified')),
    };
  }
}

function sumsOf(rows: readonly Row[]): Map<number, PartSum> {
  return new Map(
    rows.map((row) => [row.integer('server'), { parts: row.integer('parts'), bytes: row.integer('bytes') }]),
  );
}
