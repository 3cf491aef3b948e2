import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import * as v from 'valibot';
import {
  type Batch,
  batchRecord,
  type FileState,
  fileRecord,
  type QueuedFile,
  type QueueStore,
} from './records.ts';

const extension = '.queue.sqlite';

/**
 * The queue of one window, in a database that no other process can open while this one lives: the operating system ends
 * the lock with the process, however that ends. No passwords are in it.
 */
export class QueueFile implements QueueStore {
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #saveBatch: StatementSync;
  readonly #saveFile: StatementSync;
  readonly #removeFile: StatementSync;

  private constructor(path: string, database: DatabaseSync) {
    this.path = path;
    this.#database = database;
    this.#saveBatch = database.prepare(
      'INSERT INTO batch VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record',
    );
    this.#saveFile = database.prepare(
      'INSERT INTO file VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record',
    );
    this.#removeFile = database.prepare('DELETE FROM file WHERE id = ?');
  }

  /** Makes a queue of its own in a folder. */
  static create(folder: string): QueueFile {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${randomUUID()}${extension}`);
    return new QueueFile(path, open(path));
  }

  /** The queues of processes that are gone. */
  static abandoned(folder: string): QueueFile[] {
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => name.endsWith(extension))
      .flatMap((name) => {
        const path = join(folder, name);
        try {
          return [new QueueFile(path, open(path))];
        } catch {
          // Its window lives, or another one has just taken it over.
          return [];
        }
      });
  }

  /** @throws when a record is none that this version understands */
  load(): { batches: Batch[]; files: QueuedFile[] } {
    return {
      batches: this.#read('SELECT record FROM batch ORDER BY rowid', batchRecord),
      files: this.#read('SELECT record FROM file ORDER BY rowid', fileRecord),
    };
  }

  saveBatch(batch: Batch): void {
    this.#saveBatch.run(batch.id, JSON.stringify(batch));
  }

  saveFiles(files: readonly QueuedFile[]): void {
    this.#together(() => {
      for (const file of files) this.#saveFile.run(file.id, file.batch, JSON.stringify(file));
    });
  }

  moveFiles(batch: string, from: readonly FileState[], to: FileState): void {
    const states = from.map(() => '?').join(', ');
    this.#database
      .prepare(
        `UPDATE file SET record = json_set(record, '$.state', ?)
         WHERE batch = ? AND json_extract(record, '$.state') IN (${states})`,
      )
      .run(to, batch, ...from);
  }

  removeFiles(ids: readonly string[]): void {
    this.#together(() => {
      for (const id of ids) this.#removeFile.run(id);
    });
  }

  removeBatch(id: string): void {
    this.#together(() => {
      this.#database.prepare('DELETE FROM batch WHERE id = ?').run(id);
      this.#database.prepare('DELETE FROM file WHERE batch = ?').run(id);
    });
  }

  close(): void {
    this.#database.close();
  }

  /** Closes it and removes its files. */
  remove(): void {
    this.close();
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(this.path + suffix, { force: true });
  }

  /** Closes what cannot be read, and sees that nobody tries again. @returns where it is kept */
  setAside(): string {
    this.close();
    const kept = `${this.path}.unreadable`;
    renameSync(this.path, kept);
    return kept;
  }

  #read<T>(query: string, schema: v.GenericSchema<unknown, T>): T[] {
    return this.#database
      .prepare(query)
      .all()
      .map((row) => v.parse(schema, JSON.parse(String(row.record))));
  }

  #together(work: () => void): void {
    this.#database.exec('BEGIN');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

/** @throws where another process has it open */
function open(path: string): DatabaseSync {
  // Loaded with the first queue: a window that opens does not wait for it.
  const sqlite = process.getBuiltinModule('node:sqlite');
  const database = new sqlite.DatabaseSync(path);
  try {
    database.exec('PRAGMA busy_timeout = 0');
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    // Making the file waits for no disk, since the window waits for it; there is nothing in it yet.
    database.exec('PRAGMA synchronous = OFF');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('CREATE TABLE IF NOT EXISTS batch (id TEXT PRIMARY KEY, record TEXT NOT NULL)');
    database.exec(
      'CREATE TABLE IF NOT EXISTS file (id TEXT PRIMARY KEY, batch TEXT NOT NULL, record TEXT NOT NULL)',
    );
    database.exec('CREATE INDEX IF NOT EXISTS files_of_batch ON file (batch)');
    // The lock is taken with the first write.
    database.exec('BEGIN IMMEDIATE; COMMIT');
    // A power failure may cost the last changes: a transfer is then found where it was a moment ago.
    database.exec('PRAGMA synchronous = NORMAL');
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}
