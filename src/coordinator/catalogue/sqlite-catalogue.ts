import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { type Entry, FileSystemError } from '../../ftp/file-system.ts';
import type {
  Catalogue,
  CatalogueTotals,
  FinishedPart,
  FinishedSegment,
  GarbagePart,
  SegmentIntent,
  SegmentToRepair,
  StoredFile,
  UploadedSegments,
} from './catalogue.ts';
import { openCatalogueFile, prepareCatalogue } from './catalogue-file.ts';
import { EntryTable } from './entry-table.ts';
import { JournalTable } from './journal-table.ts';
import { PartialTable } from './partial-table.ts';
import { RepairTable } from './repair-table.ts';
import { type Row, Statements } from './rows.ts';
import { rootId } from './schema.ts';
import { type SegmentOwner, SegmentTable } from './segment-table.ts';
import { TotalsTable } from './totals-table.ts';
import type { PartPlace } from './upkeep-catalogue.ts';
import { UpkeepTable } from './upkeep-table.ts';

/**
 * The catalogue in one SQLite file, `catalogue.sqlite` in the coordinator's folder. The file stays locked while
 * it is open, so that two coordinators never share one.
 */
export class SqliteCatalogue implements Catalogue {
  readonly pool: string;
  readonly upkeep: UpkeepTable;
  readonly journal: JournalTable;
  readonly #database: DatabaseSync;
  readonly #sql: Statements;
  readonly #segments: SegmentTable;
  readonly #partials: PartialTable;
  readonly #repairs: RepairTable;
  readonly #entries: EntryTable;
  readonly #totals: TotalsTable;

  /** @throws Error with a sentence for a person: folder not writable, in use, or of a newer version. */
  constructor(folder: string) {
    this.#database = openCatalogueFile(folder);
    this.#sql = new Statements(this.#database, () => this.journal.record());
    this.journal = new JournalTable(this.#sql);
    this.#segments = new SegmentTable(this.#sql);
    this.#partials = new PartialTable(this.#sql, this.#segments);
    this.#repairs = new RepairTable(this.#sql, this.#segments);
    this.#entries = new EntryTable(this.#sql, this.#partials);
    this.#totals = new TotalsTable(this.#sql, this.#repairs);
    this.upkeep = new UpkeepTable(this.#sql, this.#repairs, this.#totals, (path) => {
      const entry = this.#entries.at(path);
      return { id: entry.text('id'), kind: entry.text('kind') };
    });
    try {
      this.pool = prepareCatalogue(this.#database, this.#sql);
      this.journal.open();
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  async stat(path: string): Promise<Entry> {
    return toEntry(this.#entries.at(path));
  }

  async list(path: string): Promise<readonly Entry[]> {
    const folder = this.#entries.folder(path);
    return this.#sql.all('SELECT * FROM entry WHERE parent = ?', folder).map(toEntry);
  }

  async makeDirectory(path: string): Promise<void> {
    this.#sql.transaction(() => {
      const { parent, name } = this.#entries.place(path);
      if (this.#entries.child(parent, name)) throw new FileSystemError('exists', `${path} exists already`);
      this.#partials.dropAt(parent, name);
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
      const folder = this.#entries.folder(path);
      if (folder === rootId) throw new FileSystemError('denied', 'the root folder cannot be removed');
      if (this.#sql.first('SELECT id FROM entry WHERE parent = ? LIMIT 1', folder)) {
        throw new FileSystemError('not-empty', `${path} is not empty`);
      }
      this.#partials.dropIn(folder);
      this.#sql.run('DELETE FROM entry WHERE id = ?', folder);
    });
  }

  async removeFile(path: string): Promise<void> {
    this.#sql.transaction(() => {
      const partial = this.#entries.partialAt(path);
      if (partial) this.#partials.drop(partial.text('id'));
      else this.#drop(this.#entries.file(path).text('id'));
    });
  }

  async rename(from: string, to: string): Promise<void> {
    this.#sql.transaction(() => {
      const entry = this.#entries.at(from);
      const id = entry.text('id');
      if (id === rootId) throw new FileSystemError('denied', 'the root folder cannot be renamed');
      if (to.startsWith(`${from}/`)) throw new FileSystemError('denied', 'a folder cannot move into itself');
      const { parent, name } = this.#entries.place(to);
      const target = this.#entries.child(parent, name);
      if (target && target.text('id') !== id) {
        if (target.text('kind') === 'directory') throw new FileSystemError('exists', `${to} exists already`);
        if (entry.text('kind') === 'directory') throw new FileSystemError('exists', `${to} is a file`);
        this.#drop(target.text('id'));
      }
      this.#partials.dropAt(parent, name);
      this.#sql.run('UPDATE entry SET parent = ?, name = ? WHERE id = ?', parent, name, id);
    });
  }

  async setModified(path: string, modified: Date): Promise<void> {
    const id = this.#entries.at(path).text('id');
    this.#sql.transaction(() =>
      this.#sql.run('UPDATE entry SET modified = ? WHERE id = ?', modified.getTime(), id),
    );
  }

  async openFile(path: string): Promise<StoredFile> {
    return this.#stored('file', this.#entries.file(path));
  }

  async digest(path: string, algorithm: string): Promise<string | undefined> {
    const file = this.#entries.file(path);
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
    const { parent, name } = this.#entries.place(path);
    const existing = this.#entries.child(parent, name);
    if (existing?.text('kind') === 'directory') {
      throw new FileSystemError('is-a-directory', `${path} is a folder`);
    }
    if (existing) return this.#stored('file', existing);
    const partial = this.#partials.at(parent, name);
    return partial && this.#stored('partial', partial);
  }

  async statPartial(path: string): Promise<Entry | undefined> {
    const row = this.#entries.partialAt(path);
    return row && toFileEntry(row);
  }

  async beginSegment(intent: SegmentIntent): Promise<number> {
    return this.#sql.transaction(() => this.#segments.begin(intent));
  }

  async commitFile(path: string, { file, append, segments }: UploadedSegments): Promise<void> {
    this.#sql.transaction(() => {
      const { parent, name } = this.#entries.place(path);
      const existing = this.#entries.child(parent, name);
      if (append?.complete) {
        if (!isUnchanged(existing, append)) throw changedByOthers(path);
      } else {
        if (existing?.text('kind') === 'directory') {
          throw new FileSystemError('is-a-directory', `${path} is a folder`);
        }
        if (append && !isUnchanged(this.#partials.at(parent, name), append)) throw changedByOthers(path);
        if (existing) this.#drop(existing.text('id'));
        this.#sql.run(
          `INSERT INTO entry (id, parent, name, kind, size, crc32, modified) VALUES (?, ?, ?, 'file', 0, 0, 0)`,
          append?.id ?? file,
          parent,
          name,
        );
        if (append) this.#segments.complete(append.id);
        this.#partials.dropAt(parent, name);
      }
      const id = append?.id ?? file;
      const { size, crc32 } = this.#segments.add('file', id, append, segments);
      this.#sql.run(
        'UPDATE entry SET size = ?, crc32 = ?, modified = ? WHERE id = ?',
        size,
        crc32,
        Date.now(),
        id,
      );
    });
  }

  async replaceSegments(
    { id, size, crc32, segments }: StoredFile,
    fresh: readonly FinishedSegment[],
  ): Promise<boolean> {
    return this.#sql.transaction(() => {
      const now = this.#segments.of('file', id);
      const isSame = now.length === segments.length && now.every((row, at) => row.id === segments[at]?.id);
      if (!isSame) return false;
      this.#segments.release('file', id);
      const written = this.#segments.add('file', id, undefined, fresh);
      if (written.size !== size || written.crc32 !== crc32) {
        throw new FileSystemError('damaged', 'what was written anew is not what the file holds');
      }
      return true;
    });
  }

  async suspendUpload(path: string, { file, append, segments }: UploadedSegments): Promise<boolean> {
    if (segments.length === 0) return false;
    return this.#sql.transaction(() => {
      const { parent, name } = this.#entries.place(path);
      if (this.#entries.child(parent, name)) return false;
      if (append) {
        if (!isUnchanged(this.#partials.at(parent, name), append)) return false;
      } else {
        this.#partials.dropAt(parent, name);
        this.#partials.insert(file, parent, name);
      }
      const id = append?.id ?? file;
      const { size, crc32 } = this.#segments.add('partial', id, append, segments);
      this.#partials.update(id, size, crc32);
      return true;
    });
  }

  async dropPartials(time: Date, isContinued: (id: string) => boolean): Promise<number> {
    return this.#sql.transaction(() => {
      const dropped = this.#partials.interruptedBefore(time).filter((id) => !isContinued(id));
      for (const id of dropped) this.#partials.drop(id);
      return dropped.length;
    });
  }

  async abandonSegments(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) this.#sql.transaction(() => this.#segments.abandon(ids));
  }

  async abandonUnfinished(): Promise<number> {
    return this.#sql.transaction(() => this.#segments.abandonAll());
  }

  async garbage(server: number, limit: number): Promise<readonly GarbagePart[]> {
    return this.#segments.garbage(server, limit, this.journal.collectible);
  }

  async forgetParts(parts: readonly GarbagePart[]): Promise<void> {
    if (parts.length > 0) this.#sql.transaction(() => this.#segments.forgetParts(parts));
  }

  async missingParts(limit: number): Promise<readonly SegmentToRepair[]> {
    return this.#repairs.queue(limit);
  }

  async markPartMissing(segment: string, index: number, server: number): Promise<boolean> {
    return this.#sql.transaction(() => this.#repairs.markMissing(segment, index, server));
  }

  async markPartsMissing(places: readonly PartPlace[]): Promise<void> {
    this.#sql.transaction(() => {
      for (const { segment, index, server } of places) this.#repairs.markMissing(segment, index, server);
    });
  }

  async markPartStored(segment: string, index: number, server: number, part: FinishedPart): Promise<boolean> {
    return this.#sql.transaction(() => this.#repairs.markStored(segment, index, server, part));
  }

  async totals(): Promise<CatalogueTotals> {
    return this.#totals.totals();
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  /** Removes a file's row; its segments become garbage in the same transaction. */
  #drop(id: string): void {
    this.#segments.release('file', id);
    this.#sql.run('DELETE FROM entry WHERE id = ?', id);
  }

  #stored(owner: SegmentOwner, row: Row): StoredFile {
    return {
      id: row.text('id'),
      complete: owner === 'file',
      size: row.integer('size'),
      crc32: row.integer('crc32'),
      segments: this.#segments.of(owner, row.text('id')),
    };
  }
}

/** Whether the row is still what an upload found when it began to continue it. */
function isUnchanged(row: Row | undefined, found: StoredFile): boolean {
  return row?.text('id') === found.id && row.integer('size') === found.size;
}

function changedByOthers(path: string): FileSystemError {
  return new FileSystemError('busy', `${path} was changed by someone else during the upload`);
}

function toEntry(row: Row): Entry {
  return { ...toFileEntry(row), kind: row.text('kind') === 'directory' ? 'directory' : 'file' };
}

function toFileEntry(row: Row): Entry {
  return {
    name: row.text('name'),
    kind: 'file',
    size: row.integer('size'),
    modified: new Date(row.integer('modified')),
    unique: row.text('id'),
  };
}
