import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { FileSystemError } from '../../ftp/file-system.ts';
import { crashPoint } from '../crash-point.ts';

/** SQLITE_FULL (sqlite.org/rescode.html). */
const sqliteFull = 13;

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

  /** Runs `work` as one transaction: all of it is durable afterwards, or none of it happened. */
  transaction<T>(work: () => T): T {
    this.run('BEGIN IMMEDIATE');
    try {
      crashPoint('transaction.begun');
      const result = work();
      const afterCommit = this.#beforeCommit();
      crashPoint('transaction.worked');
      this.run('COMMIT');
      crashPoint('transaction.committed');
      afterCommit?.();
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.run('ROLLBACK');
      if (error instanceof Error && 'errcode' in error && error.errcode === sqliteFull) {
        throw new FileSystemError('no-space', "the disk of the coordinator's catalogue is full", {
          cause: error,
        });
      }
      throw error;
    }
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
