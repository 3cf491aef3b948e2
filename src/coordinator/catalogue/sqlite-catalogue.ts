import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Entry, FileSystemError } from '../../ftp/file-system.ts';
import { combineCrc32 } from '../segments/crc32.ts';
import type {
  Catalogue,
  CatalogueTotals,
  CommittedUpload,
  GarbagePart,
  SegmentIntent,
  StoredFile,
  StoredSegment,
} from './catalogue.ts';
import { type Row, Statements } from './rows.ts';
import { rootId, schemaSteps } from './schema.ts';

/**
 * The catalogue in one SQLite file, `catalogue.sqlite` in the coordinator's folder. The file stays locked while
 * it is open, so that two coordinators never share one.
 */
export class SqliteCatalogue implements Catalogue {
  readonly pool: string;
  readonly #database: DatabaseSync;
  readonly #sql: Statements;

  /** @throws Error with a sentence for a person: folder not writable, in use, or of a newer version. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK); // Says why it is not writable; SQLite does not.
    this.#database = new DatabaseSync(join(folder, 'catalogue.sqlite'), { timeout: 0 });
    this.#sql = new Statements(this.#database);
    try {
      this.#configure();
      this.pool = this.#createOnce();
    } catch (error) {
      this.#database.close();
      if (isLocked(error)) {
        throw new Error('the catalogue is in use: another coordinator is running on this folder', {
          cause: error,
        });
      }
      throw error;
    }
  }

  #configure(): void {
    this.#database.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;',
    );
  }

  #createOnce(): string {
    return this.#sql.transaction(() => {
      const version = this.#sql.first('PRAGMA user_version')?.integer('user_version') ?? 0;
      if (version > schemaSteps.length)
        throw new Error('the catalogue was made by a newer SplitFTP: update this one');
      for (const step of schemaSteps.slice(version)) this.#database.exec(step);
      this.#database.exec(`PRAGMA user_version = ${schemaSteps.length}`);
      if (version === 0) {
        this.#sql.run('INSERT INTO pool VALUES (?)', `splitftp-${randomBytes(6).toString('hex')}`);
        this.#sql.run(
          `INSERT INTO entry (id, parent, name, kind, size, crc32, modified) VALUES (?, NULL, '', 'directory', 0, 0, ?)`,
          rootId,
          Date.now(),
        );
      }
      const pool = this.#sql.first('SELECT id FROM pool');
      if (!pool) throw new Error('the catalogue is damaged: it names no pool');
      return pool.text('id');
    });
  }

  async stat(path: string): Promise<Entry> {
    return toEntry(this.#entry(path));
  }

  async list(path: string): Promise<readonly Entry[]> {
    const folder = this.#folder(path);
    return this.#sql.all('SELECT * FROM entry WHERE parent = ?', folder).map(toEntry);
  }

  async makeDirectory(path: string): Promise<void> {
    this.#sql.transaction(() => {
      const { parent, name } = this.#place(path);
      if (this.#child(parent, name)) throw new FileSystemError('exists', `${path} exists already`);
      this.#sql.run(
        `INSERT INTO entry (id, parent, name, kind, size, crc32, modified) VALUES (?, ?, ?, 'directory', 0, 0, ?)`,
        randomBytes(16).toString('hex'),
        parent,
        name,
        Date.now(),
      );
    });
  }

  async removeDirectory(path: string): Promise<void> {
    this.#sql.transaction(() => {
      const folder = this.#folder(path);
      if (folder === rootId) throw new FileSystemError('denied', 'the root folder cannot be removed');
      if (this.#sql.first('SELECT id FROM entry WHERE parent = ? LIMIT 1', folder)) {
        throw new FileSystemError('not-empty', `${path} is not empty`);
      }
      this.#sql.run('DELETE FROM entry WHERE id = ?', folder);
    });
  }

  async removeFile(path: string): Promise<void> {
    this.#sql.transaction(() => this.#drop(this.#file(path).text('id')));
  }

  async rename(from: string, to: string): Promise<void> {
    this.#sql.transaction(() => {
      const entry = this.#entry(from);
      const id = entry.text('id');
      if (id === rootId) throw new FileSystemError('denied', 'the root folder cannot be renamed');
      if (to.startsWith(`${from}/`)) throw new FileSystemError('denied', 'a folder cannot move into itself');
      const { parent, name } = this.#place(to);
      const target = this.#child(parent, name);
      if (target && target.text('id') !== id) {
        if (target.text('kind') === 'directory') throw new FileSystemError('exists', `${to} exists already`);
        if (entry.text('kind') === 'directory') throw new FileSystemError('exists', `${to} is a file`);
        this.#drop(target.text('id'));
      }
      this.#sql.run('UPDATE entry SET parent = ?, name = ? WHERE id = ?', parent, name, id);
    });
  }

  async setModified(path: string, modified: Date): Promise<void> {
    const id = this.#entry(path).text('id');
    this.#sql.transaction(() =>
      this.#sql.run('UPDATE entry SET modified = ? WHERE id = ?', modified.getTime(), id),
    );
  }

  async openFile(path: string): Promise<StoredFile> {
    return this.#stored(this.#file(path));
  }

  async digest(path: string, algorithm: string): Promise<string | undefined> {
    const file = this.#file(path);
    const row = this.#sql.first(
      'SELECT value FROM digest WHERE entry = ? AND algorithm = ? AND size = ?',
      file.text('id'),
      algorithm,
      file.integer('size'),
    );
    return row?.text('value');
  }

  async rememberDigest({ unique, size }: Entry, algorithm: string, value: string): Promise<void> {
    this.#sql.transaction(() =>
      this.#sql.run(
        `INSERT OR REPLACE INTO digest (entry, algorithm, size, value)
         SELECT id, ?, size, ? FROM entry WHERE id = ? AND size = ? AND kind = 'file'`,
        algorithm,
        value,
        unique,
        size,
      ),
    );
  }

  async checkUpload(path: string): Promise<StoredFile | undefined> {
    const { parent, name } = this.#place(path);
    const existing = this.#child(parent, name);
    if (existing?.text('kind') === 'directory') {
      throw new FileSystemError('is-a-directory', `${path} is a folder`);
    }
    return existing && this.#stored(existing);
  }

  async beginSegment({ id, layout, blockBytes, servers }: SegmentIntent): Promise<number> {
    return this.#sql.transaction(() => {
      this.#sql.run(
        `INSERT INTO segment (id, state, settled, position, length, crc32, data_parts, parity_parts, block_bytes)
         VALUES (?, 'intent', 0, 0, 0, 0, ?, ?, ?)`,
        id,
        layout.dataParts,
        layout.parityParts,
        blockBytes,
      );
      for (const [index, server] of servers.entries()) {
        this.#sql.run('INSERT INTO part VALUES (?, ?, ?, 0, 0)', id, index, server);
      }
      const row = this.#sql.first('SELECT sequence FROM segment WHERE id = ?', id);
      if (!row) throw new Error('catalogue: the segment just written is missing');
      return row.integer('sequence');
    });
  }

  async commitFile(path: string, { file, append, segments }: CommittedUpload): Promise<void> {
    this.#sql.transaction(() => {
      const { parent, name } = this.#place(path);
      const existing = this.#child(parent, name);
      if (append) {
        if (existing?.text('id') !== append.id || existing.integer('size') !== append.size) {
          throw new FileSystemError('busy', `${path} was changed by someone else during the upload`);
        }
      } else {
        if (existing?.text('kind') === 'directory') {
          throw new FileSystemError('is-a-directory', `${path} is a folder`);
        }
        if (existing) this.#drop(existing.text('id'));
        this.#sql.run(
          `INSERT INTO entry (id, parent, name, kind, size, crc32, modified) VALUES (?, ?, ?, 'file', 0, 0, 0)`,
          file,
          parent,
          name,
        );
      }
      const id = append?.id ?? file;
      let size = append?.size ?? 0;
      let crc = append?.crc32 ?? 0;
      let position = append?.segments.length ?? 0;
      for (const segment of segments) {
        this.#sql.run(
          `UPDATE segment SET state = 'live', settled = 1, file = ?, position = ?, length = ?, crc32 = ? WHERE id = ?`,
          id,
          position++,
          segment.length,
          segment.crc32,
          segment.id,
        );
        for (const [index, part] of segment.parts.entries()) {
          this.#sql.run(
            'UPDATE part SET header_bytes = ?, bytes = ? WHERE segment = ? AND position = ?',
            part.headerBytes,
            part.bytes,
            segment.id,
            index,
          );
        }
        crc = combineCrc32(crc, segment.crc32, segment.length);
        size += segment.length;
      }
      this.#sql.run(
        'UPDATE entry SET size = ?, crc32 = ?, modified = ? WHERE id = ?',
        size,
        crc,
        Date.now(),
        id,
      );
    });
  }

  async abandonSegments(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    this.#sql.transaction(() => {
      for (const id of ids) {
        this.#sql.run(`UPDATE segment SET state = 'garbage' WHERE id = ? AND state = 'intent'`, id);
      }
    });
  }

  async abandonUnfinished(): Promise<number> {
    return this.#sql.transaction(() =>
      this.#sql.run(`UPDATE segment SET state = 'garbage' WHERE state = 'intent'`),
    );
  }

  async garbage(server: number, limit: number): Promise<readonly GarbagePart[]> {
    const rows = this.#sql.all(
      `SELECT part.segment, part.position, segment.settled
         FROM segment JOIN part ON part.segment = segment.id
        WHERE segment.state = 'garbage' AND part.server = ? ORDER BY segment.sequence LIMIT ?`,
      server,
      limit,
    );
    return rows.map((row) => ({
      segment: row.text('segment'),
      index: row.integer('position'),
      settled: row.integer('settled') === 1,
    }));
  }

  async forgetPart(segment: string, index: number): Promise<void> {
    this.#sql.transaction(() => {
      this.#sql.run('DELETE FROM part WHERE segment = ? AND position = ?', segment, index);
      if (!this.#sql.first('SELECT segment FROM part WHERE segment = ? LIMIT 1', segment)) {
        this.#sql.run(`DELETE FROM segment WHERE id = ? AND state = 'garbage'`, segment);
      }
    });
  }

  async totals(): Promise<CatalogueTotals> {
    const entries = this.#sql.first(
      `SELECT count(*) FILTER (WHERE kind = 'file') AS files, count(*) FILTER (WHERE kind = 'directory') - 1 AS folders,
              coalesce(sum(size), 0) AS bytes FROM entry`,
    );
    const garbage = this.#sql.first(`SELECT count(*) AS segments FROM segment WHERE state = 'garbage'`);
    const servers = this.#sql.all(
      'SELECT server, count(*) AS parts, sum(bytes) AS bytes FROM part GROUP BY server',
    );
    return {
      files: entries?.integer('files') ?? 0,
      folders: entries?.integer('folders') ?? 0,
      bytes: entries?.integer('bytes') ?? 0,
      garbageSegments: garbage?.integer('segments') ?? 0,
      servers: new Map(
        servers.map((row) => [
          row.integer('server'),
          { parts: row.integer('parts'), bytes: row.integer('bytes') },
        ]),
      ),
    };
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  /** Removes a file's row; its segments become garbage in the same transaction. */
  #drop(id: string): void {
    this.#sql.run(`UPDATE segment SET state = 'garbage', file = NULL WHERE file = ?`, id);
    this.#sql.run('DELETE FROM entry WHERE id = ?', id);
  }

  #child(parent: string, name: string): Row | undefined {
    return this.#sql.first('SELECT * FROM entry WHERE parent = ? AND name = ?', parent, name);
  }

  #entry(path: string): Row {
    let row = this.#sql.first('SELECT * FROM entry WHERE id = ?', rootId);
    for (const name of path.split('/').filter((name) => name !== '')) {
      row = row && this.#child(row.text('id'), name);
    }
    if (!row) throw new FileSystemError('missing', `${path} does not exist`);
    return row;
  }

  #file(path: string): Row {
    const entry = this.#entry(path);
    if (entry.text('kind') !== 'file') throw new FileSystemError('is-a-directory', `${path} is a folder`);
    return entry;
  }

  #folder(path: string): string {
    const entry = this.#entry(path);
    if (entry.text('kind') !== 'directory')
      throw new FileSystemError('not-a-directory', `${path} is not a folder`);
    return entry.text('id');
  }

  /** Where an entry of that path is or would be. */
  #place(path: string): { parent: string; name: string } {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    if (name === '') throw new FileSystemError('is-a-directory', '/ is a folder');
    return { parent: this.#folder(path.slice(0, slash) || '/'), name };
  }

  #stored(entry: Row): StoredFile {
    const segments = this.#sql.all(
      'SELECT * FROM segment WHERE file = ? ORDER BY position',
      entry.text('id'),
    );
    return {
      id: entry.text('id'),
      size: entry.integer('size'),
      crc32: entry.integer('crc32'),
      segments: segments.map((row) => this.#segment(row)),
    };
  }

  #segment(row: Row): StoredSegment {
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
      })),
    };
  }
}

function toEntry(row: Row): Entry {
  const kind = row.text('kind') === 'directory' ? 'directory' : 'file';
  return {
    name: row.text('name'),
    kind,
    size: row.integer('size'),
    modified: new Date(row.integer('modified')),
    unique: row.text('id'),
  };
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5; // SQLITE_BUSY
}
