import { FileSystemError } from '../../ftp/file-system.ts';
import type { PartialTable } from './partial-table.ts';
import type { Row, Statements } from './rows.ts';
import { rootId } from './schema.ts';

/** Finds files and folders by their paths. */
export class EntryTable {
  readonly #sql: Statements;
  readonly #partials: PartialTable;

  constructor(sql: Statements, partials: PartialTable) {
    this.#sql = sql;
    this.#partials = partials;
  }

  child(parent: string, name: string): Row | undefined {
    return this.#sql.first('SELECT * FROM entry WHERE parent = ? AND name = ?', parent, name);
  }

  /** @throws FileSystemError `missing` */
  at(path: string): Row {
    const row = this.#find(path);
    if (row) return row;
    const size = this.partialAt(path)?.integer('size');
    if (size === undefined) throw new FileSystemError('missing', `${path} does not exist`);
    throw new FileSystemError(
      'missing',
      `${path} is not complete: an interrupted upload left ${size} bytes; go on with APPE, or REST ${size} and STOR`,
    );
  }

  /** @throws FileSystemError */
  file(path: string): Row {
    const entry = this.at(path);
    if (entry.text('kind') !== 'file') throw new FileSystemError('is-a-directory', `${path} is a folder`);
    return entry;
  }

  /** @returns its id. @throws FileSystemError */
  folder(path: string): string {
    const entry = this.at(path);
    if (entry.text('kind') !== 'directory')
      throw new FileSystemError('not-a-directory', `${path} is not a folder`);
    return entry.text('id');
  }

  /** Where an entry of that path is or would be. @throws FileSystemError */
  place(path: string): { readonly parent: string; readonly name: string } {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    if (name === '') throw new FileSystemError('is-a-directory', '/ is a folder');
    return { parent: this.folder(path.slice(0, slash) || '/'), name };
  }

  partialAt(path: string): Row | undefined {
    const slash = path.lastIndexOf('/');
    const parent = this.#find(path.slice(0, slash));
    return parent && this.#partials.at(parent.text('id'), path.slice(slash + 1));
  }

  #find(path: string): Row | undefined {
    let row = this.#sql.first('SELECT * FROM entry WHERE id = ?', rootId);
    for (const name of path.split('/').filter((name) => name !== '')) {
      row = row && this.child(row.text('id'), name);
    }
    return row;
  }
}
