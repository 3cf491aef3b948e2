import { combineCrc32 } from '../segments/crc32.ts';
import type { FinishedSegment, GarbagePart, SegmentIntent, StoredFile, StoredSegment } from './catalogue.ts';
import type { Row, Statements } from './rows.ts';

/** What a live segment belongs to. */
export type SegmentOwner = 'file' | 'partial';

/** Segments and their parts. Every method runs in the transaction of its caller. */
export class SegmentTable {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  /** @returns its sequence number */
  begin({ id, layout, blockBytes, servers }: SegmentIntent): number {
    this.#sql.run(
      `INSERT INTO segment (id, state, settled, position, length, crc32, data_parts, parity_parts, block_bytes)
       VALUES (?, 'intent', 0, 0, 0, 0, ?, ?, ?)`,
      id,
      layout.dataParts,
      layout.parityParts,
      blockBytes,
    );
    for (const [index, server] of servers.entries()) {
      this.#sql.run(
        'INSERT INTO part (segment, position, server, header_bytes, bytes) VALUES (?, ?, ?, 0, 0)',
        id,
        index,
        server,
      );
    }
    const row = this.#sql.first('SELECT sequence FROM segment WHERE id = ?', id);
    if (!row) throw new Error('catalogue: the segment just written is missing');
    return row.integer('sequence');
  }

  /** In the order of their bytes. */
  of(owner: SegmentOwner, id: string): StoredSegment[] {
    return this.#sql
      .all(`SELECT * FROM segment WHERE ${owner} = ? ORDER BY position`, id)
      .map((row) => this.stored(row));
  }

  /** Makes the segments of an upload live, behind those of `append`. @returns size and checksum of the whole */
  add(
    owner: SegmentOwner,
    id: string,
    append: StoredFile | undefined,
    segments: readonly FinishedSegment[],
  ): { size: number; crc32: number } {
    let size = append?.size ?? 0;
    let crc = append?.crc32 ?? 0;
    let position = this.#end(owner, id);
    for (const segment of segments) {
      this.#sql.run(
        `UPDATE segment SET state = 'live', settled = 1, ${owner} = ?, position = ?, length = ?, crc32 = ? WHERE id = ?`,
        id,
        position++,
        segment.length,
        segment.crc32,
        segment.id,
      );
      for (const [index, part] of segment.parts.entries()) {
        this.#sql.run(
          'UPDATE part SET header_bytes = ?, bytes = ?, state = ?, verified = ? WHERE segment = ? AND position = ?',
          part.headerBytes,
          part.bytes,
          part.stored ? 'stored' : 'missing',
          Date.now(),
          segment.id,
          index,
        );
      }
      crc = combineCrc32(crc, segment.crc32, segment.length);
      size += segment.length;
    }
    return { size, crc32: crc };
  }

  /** Behind what the owner has now, which may have been converted since `append` was looked at. */
  #end(owner: SegmentOwner, id: string): number {
    const row = this.#sql.first(
      `SELECT coalesce(max(position) + 1, 0) AS position FROM segment WHERE ${owner} = ?`,
      id,
    );
    return row?.integer('position') ?? 0;
  }

  /** A partial upload has become the file of the same id. */
  complete(id: string): void {
    this.#sql.run('UPDATE segment SET file = partial, partial = NULL WHERE partial = ?', id);
  }

  /** Its owner goes: the segments become garbage. */
  release(owner: SegmentOwner, id: string): void {
    this.#sql.run(`UPDATE segment SET state = 'garbage', ${owner} = NULL WHERE ${owner} = ?`, id);
  }

  /** Whatever of these never became live becomes garbage. */
  abandon(ids: readonly string[]): void {
    for (const id of ids) {
      this.#sql.run(`UPDATE segment SET state = 'garbage' WHERE id = ? AND state = 'intent'`, id);
    }
  }

  /** @returns how many segments never became live, and are garbage now */
  abandonAll(): number {
    return this.#sql.run(`UPDATE segment SET state = 'garbage' WHERE state = 'intent'`);
  }

  /** @param collectible the journal's sequence up to which garbage may go */
  garbage(server: number, limit: number, collectible: number): GarbagePart[] {
    const rows = this.#sql.all(
      `SELECT part.segment, part.position, segment.settled
         FROM segment JOIN part ON part.segment = segment.id
        WHERE segment.state = 'garbage' AND part.server = ? AND segment.released <= ?
        ORDER BY segment.sequence LIMIT ?`,
      server,
      collectible,
      limit,
    );
    return rows.map((row) => ({
      segment: row.text('segment'),
      index: row.integer('position'),
      settled: row.integer('settled') === 1,
    }));
  }

  /** A segment goes with its last part. */
  forgetParts(parts: readonly GarbagePart[]): void {
    for (const { segment, index } of parts) {
      this.#sql.run('DELETE FROM part WHERE segment = ? AND position = ?', segment, index);
      if (!this.#sql.first('SELECT segment FROM part WHERE segment = ? LIMIT 1', segment)) {
        this.#sql.run(`DELETE FROM segment WHERE id = ? AND state = 'garbage'`, segment);
      }
    }
  }

  /** @param row of the table `segment` */
  stored(row: Row): StoredSegment {
    const parts = this.#sql.all('SELECT * FROM part WHERE segment = ? ORDER BY position', row.text('id'));
    return {
      id: row.text('id'),
      length: row.integer('length'),
      crc32: row.integer('crc32'),
      layout: { dataParts: row.integer('data_parts'), parityParts: row.integer('parity_parts') },
      blockBytes: row.integer('block_bytes'),
      parts: parts.map((part) => ({
        server: part.integer('server'),
        headerBytes: part.integer('header_bytes'),
        bytes: part.integer('bytes'),
        stored: part.text('state') === 'stored',
        verified: new Date(part.integer('verified')),
      })),
    };
  }
}
