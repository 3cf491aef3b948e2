import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { FileSystemError } from '../../ftp/file-system.ts';
import { crashPoint } from '../crash-point.ts';

/** Result codes of SQLite (sqlite.org/rescode.html). */
const sqliteFull = 13;
const sqliteIoError = 10;
const sqliteIoErrorFsync = 1034;
const sqliteIoErrorDirectoryFsync = 1290;

/** One row, its columns read by name and type; a column of another type is a damaged catalogue. */
export class Row {
  readonly #columns: Record<string, SQLOutputValue>;

  constructor(columns: Record<string, SQLOutputValue>) {
    this.#columns = columns;
  }

  text(name: string): string {
    const value = this.#columns[name];
    if (typeof value !== 'string') throw new Error(`catalogue: column ${name} is not a text`);
    return value;
  }

  optionalText(name: string): string | null {
    return this.#columns[name] === null ? null : this.text(name);
  }

  integer(name: string): number {
    const value = this.#columns[name];
    if (typeof value !== 'number') throw new Error(`catalogue: column ${name} is not an integer`);
    return value;
  }
}

/** Statements of a database, each prepared once. */
export class Statements {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  readonly #beforeCommit: () => (() => void) | undefined;
  #failed = false;

  /** @param beforeCommit belongs to every transaction; what it returns is called when that is durable */
  constructor(database: DatabaseSync, beforeCommit: () => (() => void) | undefined = () => undefined) {
    this.#database = database;
    this.#beforeCommit = beforeCommit;
  }

  run(sql: string, ...parameters: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...parameters).changes);
  }

  first(sql: string, ...parameters: SQLInputValue[]): Row | undefined {
    const columns = this.#statement(sql).get(...parameters);
    return columns && new Row(columns);
  }

  all(sql: string, ...parameters: SQLInputValue[]): Row[] {
    return this.#statement(sql)
      .all(...parameters)
      .map((columns) => new Row(columns));
  }

  /**
   * Runs `work` as one transaction: all of it is durable afterwards, or none of it happened.
   * @throws FileSystemError `no-space` or `unavailable` when the disk does not take it
   */
  transaction<T>(work: () => T): T {
    if (this.#failed) throw diskFailed();
    let result: T;
    let afterCommit: (() => void) | undefined;
    try {
      this.run('BEGIN IMMEDIATE');
      crashPoint('transaction.begun');
      result = work();
      afterCommit = this.#beforeCommit();
      crashPoint('transaction.worked');
      this.run('COMMIT');
      crashPoint('transaction.committed');
    } catch (error) {
      const failure = this.#explain(error);
      if (this.#database.isTransaction) this.run('ROLLBACK');
      throw failure;
    }
    afterCommit?.();
    return result;
  }

  /**
   * After a failed fsync nobody knows what is on the disk, and the next one may say that all is well when it is not: what
   * was acknowledged before is safe, and nothing more is until the file was read anew.
   */
  #explain(error: unknown): unknown {
    if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error;
    const { errcode } = error;
    if (errcode === sqliteFull) {
      const message = "the disk of the coordinator's catalogue is full";
      return new FileSystemError('no-space', message, { cause: error });
    }
    if (errcode === sqliteIoErrorFsync || errcode === sqliteIoErrorDirectoryFsync) {
      this.#failed = true;
      return diskFailed(error);
    }
    if (errcode % 256 === sqliteIoError) {
      const message = "the disk of the coordinator's catalogue cannot be read or written";
      return new FileSystemError('unavailable', message, { cause: error });
    }
    return error;
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}

function diskFailed(cause?: Error): FileSystemError {
  return new FileSystemError(
    'unavailable',
    "the disk of the coordinator's catalogue failed; nothing can be changed until the coordinator is started again",
    { cause },
  );
}
