import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Statements } from './rows.ts';
import { catalogueName, rootId, schemaSteps } from './schema.ts';

/** What a later version wrote, this one cannot read. */
export class NewerCatalogueError extends Error {
  constructor() {
    super('the catalogue was made by a newer SplitFTP: update this one');
  }
}

/** Somebody else has locked it. */
export class CatalogueInUseError extends Error {
  constructor(cause: unknown) {
    super('the catalogue is in use: another coordinator is running on this folder, stop that one first', {
      cause,
    });
  }
}

/**
 * The file of a catalogue, `catalogue.sqlite` in the coordinator's folder, which is made if need be.
 * @throws Error when the folder is not writable
 */
export function openCatalogueFile(folder: string): DatabaseSync {
  mkdirSync(folder, { recursive: true });
  accessSync(folder, constants.W_OK); // Says why it is not writable; SQLite does not.
  return new DatabaseSync(join(folder, catalogueName), { timeout: 0 });
}

/**
 * Locks the file for as long as it is open, and brings its tables up to date; a new one gets its root folder and the
 * pool's id.
 * @returns that id
 * @throws Error with a sentence for a person: in use, damaged, or of a newer version
 */
export function prepareCatalogue(database: DatabaseSync, sql: Statements): string {
  try {
    database.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;',
    );
    return sql.transaction(() => {
      upgrade(database, sql);
      const pool = sql.first('SELECT id FROM pool');
      if (!pool) throw new Error('the catalogue is damaged: it names no pool');
      return pool.text('id');
    });
  } catch (error) {
    throw isLocked(error) ? new CatalogueInUseError(error) : error;
  }
}

function upgrade(database: DatabaseSync, sql: Statements): void {
  const version = sql.first('PRAGMA user_version')?.integer('user_version') ?? 0;
  if (version > schemaSteps.length) throw new NewerCatalogueError();
  if (version < schemaSteps.length) {
    for (const step of schemaSteps.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${schemaSteps.length}`);
  }
  if (version > 0) return;
  sql.run('INSERT INTO pool VALUES (?)', `splitftp-${randomBytes(6).toString('hex')}`);
  sql.run(
    `INSERT INTO entry (id, parent, name, kind, size, crc32, modified) VALUES (?, NULL, '', 'directory', 0, 0, ?)`,
    rootId,
    Date.now(),
  );
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5; // SQLITE_BUSY
}
