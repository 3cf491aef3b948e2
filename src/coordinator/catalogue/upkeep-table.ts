import type { FinishedPart, SegmentToRepair } from './catalogue.ts';
import { CostlyAnswer } from './costly-answer.ts';
import type { RepairTable } from './repair-table.ts';
import type { Row, Statements } from './rows.ts';
import type { TotalsTable } from './totals-table.ts';
import type {
  HealthOfFiles,
  PartOnServer,
  PartPlace,
  PartSum,
  UnverifiedPart,
  UpkeepCatalogue,
  VerifiedParts,
} from './upkeep-catalogue.ts';

const live = `EXISTS (SELECT 1 FROM segment WHERE id = part.segment AND segment.state = 'live')`;
const liveSegments = `SELECT *, coalesce(file, partial) AS owner FROM segment WHERE state = 'live'`;

/** Upkeep's part of the catalogue in SQLite. */
export class UpkeepTable implements UpkeepCatalogue {
  readonly #sql: Statements;
  readonly #repairs: RepairTable;
  readonly #totals: TotalsTable;
  readonly #health = new CostlyAnswer<HealthOfFiles>();
  readonly #entryAt: (path: string) => { readonly id: string; readonly kind: string };

  /** @param entryAt finds an entry of the catalogue. @throws FileSystemError `missing` */
  constructor(
    sql: Statements,
    repairs: RepairTable,
    totals: TotalsTable,
    entryAt: (path: string) => { readonly id: string; readonly kind: string },
  ) {
    this.#sql = sql;
    this.#repairs = repairs;
    this.#totals = totals;
    this.#entryAt = entryAt;
  }

  async draining(): Promise<readonly number[]> {
    return this.#sql.all('SELECT server FROM draining_server').map((row) => row.integer('server'));
  }

  async setDraining(server: number, draining: boolean): Promise<void> {
    this.#change(() => {
      if (draining) this.#sql.run('INSERT OR IGNORE INTO draining_server VALUES (?)', server);
      else this.#sql.run('DELETE FROM draining_server WHERE server = ?', server);
    });
  }

  async uses(server: number): Promise<boolean> {
    const row = this.#sql.first(
      `SELECT EXISTS (SELECT 1 FROM part WHERE server = ?1) OR EXISTS (SELECT 1 FROM stray_part WHERE server = ?1) AS used`,
      server,
    );
    return row?.integer('used') === 1;
  }

  async beginMove(segment: string, index: number, to: number): Promise<boolean> {
    return this.#change(() => {
      if (!this.#sql.first(`${liveSegments} AND id = ?`, segment)) return false;
      const changes = this.#sql.run('INSERT OR IGNORE INTO stray_part VALUES (?, ?, ?)', to, segment, index);
      return changes > 0;
    });
  }

  async finishMove(
    segment: string,
    index: number,
    from: number,
    to: number,
    part: FinishedPart,
  ): Promise<boolean> {
    return this.#change(() => {
      const changes = this.#sql.run(
        `UPDATE part SET server = ?, state = 'stored', header_bytes = ?, bytes = ?, verified = ?
          WHERE segment = ? AND position = ? AND server = ? AND ${live}`,
        to,
        part.headerBytes,
        part.bytes,
        Date.now(),
        segment,
        index,
        from,
      );
      if (changes === 0) return false;
      this.#forgetStray({ segment, index, server: to });
      this.#sql.run('INSERT OR IGNORE INTO stray_part VALUES (?, ?, ?)', from, segment, index);
      return true;
    });
  }

  async strays(server: number, limit: number): Promise<readonly PartPlace[]> {
    return this.#sql.all('SELECT * FROM stray_part WHERE server = ? LIMIT ?', server, limit).map(toPlace);
  }

  async forgetStray(place: PartPlace): Promise<void> {
    this.#change(() => this.#forgetStray(place));
  }

  async partsOn(
    server: number,
    after: PartPlace | undefined,
    limit: number,
  ): Promise<readonly PartOnServer[]> {
    const rows = this.#sql.all(
      `SELECT * FROM part WHERE server = ? AND state = 'stored' AND (segment, position) > (?, ?) AND ${live}
        ORDER BY segment, position LIMIT ?`,
      server,
      after?.segment ?? '',
      after?.index ?? 0,
      limit,
    );
    return rows.map(toPart);
  }

  async partsBeginning(server: number, prefix: string): Promise<readonly PartOnServer[]> {
    const rows = this.#sql.all(
      `SELECT * FROM part WHERE server = ? AND segment >= ? AND segment < ? AND state = 'stored' AND ${live}`,
      server,
      prefix,
      `${prefix}g`, // Behind every hexadecimal digit.
    );
    return rows.map(toPart);
  }

  async knows(place: PartPlace): Promise<boolean> {
    return this.#knows(place);
  }

  #knows({ segment, index, server }: PartPlace): boolean {
    const row = this.#sql.first(
      `SELECT EXISTS (SELECT 1 FROM part WHERE segment = ?1 AND position = ?2 AND server = ?3)
           OR EXISTS (SELECT 1 FROM stray_part WHERE segment = ?1 AND position = ?2 AND server = ?3) AS known`,
      segment,
      index,
      server,
    );
    return row?.integer('known') === 1;
  }

  async unverified(
    time: Date,
    servers: readonly number[],
    after: UnverifiedPart | undefined,
    limit: number,
  ): Promise<readonly UnverifiedPart[]> {
    const rows = this.#sql.all(
      `SELECT * FROM part INDEXED BY part_verified
        WHERE state = 'stored' AND verified < ? AND server IN (SELECT value FROM json_each(?)) AND ${live}
          AND (verified, segment, position) > (?, ?, ?)
        ORDER BY verified, segment, position LIMIT ?`,
      time.getTime(),
      JSON.stringify(servers),
      after?.verified.getTime() ?? 0,
      after?.segment ?? '',
      after?.index ?? 0,
      limit,
    );
    return rows.map((row) => ({ ...toPart(row), verified: new Date(row.integer('verified')) }));
  }

  async markVerified({ segment, index, server }: PartPlace): Promise<void> {
    this.#change(() =>
      this.#sql.run(
        'UPDATE part SET verified = ? WHERE segment = ? AND position = ? AND server = ?',
        Date.now(),
        segment,
        index,
        server,
      ),
    );
  }

  async verified(time: Date): Promise<VerifiedParts> {
    return this.#totals.verified(time);
  }

  async postpone(segment: string, until: Date): Promise<void> {
    this.#change(() =>
      this.#sql.run('UPDATE segment SET repair_after = ? WHERE id = ?', until.getTime(), segment),
    );
  }

  async postponeNone(): Promise<void> {
    this.#change(() => this.#sql.run('UPDATE segment SET repair_after = 0 WHERE repair_after > 0'));
  }

  async missing(): Promise<ReadonlyMap<number, PartSum>> {
    return this.#totals.missing();
  }

  async partSums(): Promise<ReadonlyMap<number, PartSum>> {
    return this.#totals.stored();
  }

  async health(reachable: readonly number[]): Promise<HealthOfFiles> {
    const away = this.#sql
      .all(
        'SELECT server FROM part_sum WHERE parts > 0 AND server NOT IN (SELECT value FROM json_each(?))',
        JSON.stringify(reachable),
      )
      .map((row) => row.integer('server'));
    return this.#health.get(String(away), () => this.#healthWithout(away));
  }

  /** @param away servers that hold parts and cannot be reached: with none of them only missing parts are looked at */
  #healthWithout(away: readonly number[]): HealthOfFiles {
    const row = this.#sql.first(
      `WITH lack AS (SELECT segment, sum(missing) AS missing, sum(away) AS away
                       FROM (SELECT segment, 0 AS missing, 1 AS away FROM part INDEXED BY part_on_server
                              WHERE server IN (SELECT value FROM json_each(?)) AND state = 'stored'
                             UNION ALL
                             SELECT id, missing, 0 FROM segment INDEXED BY repair_queue WHERE state = 'live' AND missing > 0)
                      GROUP BY segment),
            file AS (SELECT max(CASE WHEN lack.missing > parity_parts THEN 3 WHEN lack.missing + away > parity_parts THEN 2
                                     ELSE 1 END) AS state
                       FROM lack CROSS JOIN segment ON segment.id = lack.segment
                      WHERE segment.state = 'live' AND segment.file IS NOT NULL GROUP BY segment.file)
       SELECT count(*) FILTER (WHERE state = 1) AS degraded, count(*) FILTER (WHERE state = 2) AS unavailable,
              count(*) FILTER (WHERE state = 3) AS lost FROM file`,
      JSON.stringify(away),
    );
    return {
      degraded: row?.integer('degraded') ?? 0,
      unavailable: row?.integer('unavailable') ?? 0,
      lost: row?.integer('lost') ?? 0,
    };
  }

  async segmentsAfter(after: number, limit: number): Promise<readonly SegmentToRepair[]> {
    return this.#sql
      .all(`${liveSegments} AND sequence > ? ORDER BY sequence LIMIT ?`, after, limit)
      .map((row) => this.#repairs.described(row));
  }

  async liveSegments(): Promise<number> {
    const row = this.#sql.first(`SELECT count(*) AS segments FROM segment WHERE state = 'live'`);
    return row?.integer('segments') ?? 0;
  }

  async segment(id: string): Promise<SegmentToRepair | undefined> {
    const row = this.#sql.first(`${liveSegments} AND id = ?`, id);
    return row && this.#repairs.described(row);
  }

  async filesBelow(path: string): Promise<readonly { readonly id: string; readonly path: string }[]> {
    const { id, kind } = this.#entryAt(path);
    if (kind === 'file') return [{ id, path }];
    const rows = this.#sql.all(
      `WITH RECURSIVE below (id, kind, path) AS (
         SELECT id, kind, ? || name FROM entry WHERE parent = ?
         UNION ALL
         SELECT entry.id, entry.kind, below.path || '/' || entry.name FROM entry JOIN below ON entry.parent = below.id)
       SELECT id, path FROM below WHERE kind = 'file' ORDER BY path`,
      path === '/' ? '/' : `${path}/`,
      id,
    );
    return rows.map((row) => ({ id: row.text('id'), path: row.text('path') }));
  }

  async segmentsOf(file: string): Promise<readonly string[]> {
    return this.#sql
      .all('SELECT id FROM segment WHERE file = ? ORDER BY position', file)
      .map((row) => row.text('id'));
  }

  async seeOrphan(server: number, path: string): Promise<Date> {
    return this.#change(() => {
      this.#sql.run('INSERT OR IGNORE INTO orphan VALUES (?, ?, ?)', server, path, Date.now());
      const row = this.#sql.first('SELECT seen FROM orphan WHERE server = ? AND path = ?', server, path);
      return new Date(row?.integer('seen') ?? Date.now());
    });
  }

  async orphans(server: number): Promise<readonly string[]> {
    return this.#sql.all('SELECT path FROM orphan WHERE server = ?', server).map((row) => row.text('path'));
  }

  async forgetOrphan(server: number, path: string): Promise<void> {
    this.#change(() => this.#sql.run('DELETE FROM orphan WHERE server = ? AND path = ?', server, path));
  }

  async giveUpOrphan(place: PartPlace, path: string): Promise<boolean> {
    const { server, segment, index } = place;
    return this.#change(() => {
      if (this.#knows(place)) return false;
      this.#sql.run('INSERT INTO stray_part VALUES (?, ?, ?)', server, segment, index);
      this.#sql.run('DELETE FROM orphan WHERE server = ? AND path = ?', server, path);
      return true;
    });
  }

  async note(name: string): Promise<string | undefined> {
    return this.#sql.first('SELECT value FROM upkeep_note WHERE name = ?', name)?.text('value');
  }

  async setNote(name: string, value: string | undefined): Promise<void> {
    this.#change(() => {
      if (value === undefined) this.#sql.run('DELETE FROM upkeep_note WHERE name = ?', name);
      else this.#sql.run('INSERT OR REPLACE INTO upkeep_note VALUES (?, ?)', name, value);
    });
  }

  #forgetStray({ segment, index, server }: PartPlace): void {
    this.#sql.run(
      'DELETE FROM stray_part WHERE server = ? AND segment = ? AND position = ?',
      server,
      segment,
      index,
    );
  }

  #change<T>(work: () => T): T {
    return this.#sql.transaction(work);
  }
}

function toPlace(row: Row): PartPlace {
  return { segment: row.text('segment'), index: row.integer('position'), server: row.integer('server') };
}

function toPart(row: Row): PartOnServer {
  return { ...toPlace(row), bytes: row.integer('bytes') };
}
