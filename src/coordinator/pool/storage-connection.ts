import { type Readable, Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Client, FTPError, parseList } from 'basic-ftp';
import { inlineReadBytes, inlineStore, inlineStoreBytes, parseInline } from '../../ftp/commands/inline.ts';
import type { Capabilities } from './capabilities.ts';
import { retrieve, retrieveBytes, retrieveListing, store } from './data-transfer.ts';
import { isMissing } from './storage-failure.ts';

/** Milliseconds in which a connection that was idle must show that it lives. */
const pingTimeout = 3_000;

/** What is in a folder on a storage server. */
export interface StorageEntry {
  readonly name: string;
  /** Of a file. */
  readonly bytes: number;
  readonly isFolder: boolean;
}

/**
 * One control connection to a storage server. It does one thing at a time; after any rejection but a
 * {@link FTPError} it is closed and must be thrown away. Paths are relative to the account's folder.
 */
export class StorageConnection {
  readonly #client: Client;
  readonly #capabilities: Capabilities;
  #lastUsed = Date.now();
  /** By us. */
  #ended = false;

  constructor(client: Client, capabilities: Capabilities) {
    this.#client = client;
    this.#capabilities = capabilities;
  }

  /** A file appears under its name only when its upload is whole: no temporary name is needed. */
  get storesAtomically(): boolean {
    return this.#capabilities.storesAtomically;
  }

  /** Whether {@link rename} works. */
  get renames(): boolean {
    return this.#capabilities.rename;
  }

  get closed(): boolean {
    return this.#client.closed;
  }

  /** Milliseconds since the last operation. */
  get idle(): number {
    return Date.now() - this.#lastUsed;
  }

  /** Whether it has closed by itself. */
  get lost(): boolean {
    return this.#client.closed && !this.#ended;
  }

  close(): void {
    if (!this.#client.closed) this.#ended = true;
    this.#client.close();
  }

  async ping(): Promise<void> {
    const deadline = setTimeout(
      () => this.#client.ftp.closeWithError(new Error('Timeout of NOOP')),
      pingTimeout,
    );
    try {
      await this.#client.send('NOOP');
    } finally {
      clearTimeout(deadline);
    }
    this.#lastUsed = Date.now();
  }

  /** Bytes of a file that can be stored by {@link put}; 0 where the server does not know how. */
  smallBytes(path: string): number {
    return this.#capabilities.inline ? inlineStoreBytes(this.#name(path)) : 0;
  }

  /**
   * Stores a small file, and sees that the server holds all of it.
   * @param bytes at most as many as {@link smallBytes}, and not none
   */
  async put(bytes: Buffer, path: string): Promise<void> {
    const command = inlineStore(this.#name(path), bytes);
    if (command === undefined) throw new Error('the file is too large for a line');
    const { message } = await this.#client.send(command);
    const stored = Number(/^250 (\d+) bytes/.exec(message)?.[1]);
    if (stored !== bytes.length) throw new Error(`it kept ${stored} of ${bytes.length} bytes`);
    this.#lastUsed = Date.now();
  }

  /** Whether {@link get} can give a file of that size. */
  gets(bytes: number): boolean {
    return this.#capabilities.inline && bytes <= inlineReadBytes;
  }

  /**
   * The size of a file, and its first bytes: all of a small one.
   * @returns undefined when there is no such file
   */
  async get(path: string): Promise<{ readonly size: number; readonly content: Buffer } | undefined> {
    try {
      const { message } = await this.#client.send(`SITE GET ${this.#name(path)}`);
      const file = parseInline(message);
      if (!file) throw new Error('an answer that is not whole');
      this.#lastUsed = Date.now();
      return file;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** @param onTaken called with each chunk of `source` when its bytes are with the system */
  async upload(source: Readable, path: string, onTaken?: (chunk: Buffer) => void): Promise<void> {
    await store(this.#client, source, this.#name(path), onTaken && { onTaken });
    this.#lastUsed = Date.now();
  }

  /** Resolves at the end of the file; ends or destroys `destination` either way. */
  async download(destination: Writable, path: string, offset: number): Promise<void> {
    if (offset === 0 || this.#capabilities.restart) {
      await retrieve(this.#client, destination, this.#name(path), offset);
    } else {
      const end = endFrom(offset);
      await Promise.all([retrieve(this.#client, end, this.#name(path), 0), pipeline(end, destination)]);
    }
    this.#lastUsed = Date.now();
  }

  /** The bytes of a file from `offset` on, for short ends of files. */
  async tail(path: string, offset: number): Promise<Buffer> {
    const { restart } = this.#capabilities;
    const end = await retrieveBytes(this.#client, this.#name(path), restart ? offset : 0);
    this.#lastUsed = Date.now();
    return restart ? end : end.subarray(offset);
  }

  /** Undefined when there is no such file. */
  async size(path: string): Promise<number | undefined> {
    try {
      return await this.#size(this.#name(path));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Space that is left for parts (AVBL); undefined when the server does not tell. */
  async freeBytes(): Promise<number | undefined> {
    try {
      const { message } = await this.#client.send(`AVBL ${this.#capabilities.root || '.'}`);
      const bytes = /^213 (\d+)$/.exec(message)?.[1];
      return bytes === undefined ? undefined : Number(bytes);
    } catch (error) {
      if (error instanceof FTPError) return undefined;
      throw error;
    }
  }

  /** Gives the file the name `to`, also where another one has it. */
  async rename(from: string, to: string): Promise<void> {
    try {
      await this.#client.rename(this.#name(from), this.#name(to));
    } catch (error) {
      // Some servers rename, but not over another file.
      if (!(error instanceof FTPError) || this.#capabilities.renameReplaces || !(await this.remove(to)))
        throw error;
      await this.#client.rename(this.#name(from), this.#name(to));
    }
  }

  /** What is in a folder; nothing where there is none. */
  async entries(folder: string): Promise<readonly StorageEntry[]> {
    const command = this.#capabilities.facts ? 'MLSD' : 'LIST';
    try {
      const listing = await retrieveListing(this.#client, `${command} ${this.#name(folder)}`);
      this.#lastUsed = Date.now();
      return parseList(listing.toString('utf8'))
        .filter(({ name }) => name !== '.' && name !== '..')
        .map(({ name, size, isDirectory }) => ({ name, bytes: size, isFolder: isDirectory }));
    } catch (error) {
      // 450 and 550: there is none (RFC 3659, section 7.2.1; RFC 959, section 4.2.2).
      if (isMissing(error) || (error instanceof FTPError && error.code === 450)) return [];
      throw error;
    }
  }

  /** Whether the file is gone now, also when it was never there. */
  async remove(path: string): Promise<boolean> {
    try {
      await this.#client.remove(this.#name(path));
      return true;
    } catch (error) {
      if (!isMissing(error)) throw error;
      return (await this.size(path)) === undefined;
    }
  }

  /** Makes a folder; that it exists already is not an error, what else is wrong shows when it is used. */
  async makeFolder(path: string): Promise<void> {
    await this.#client.sendIgnoringError(`MKD ${this.#name(path)}`);
  }

  /** Removes a folder, unless something is in it. */
  async removeEmptyFolder(path: string): Promise<void> {
    await this.#client.sendIgnoringError(`RMD ${this.#name(path)}`);
  }

  #name(path: string): string {
    return this.#capabilities.root + path;
  }

  async #size(name: string): Promise<number | undefined> {
    const { size, facts } = this.#capabilities;
    if (size) return this.#client.size(name);
    if (facts) {
      const { message } = await this.#client.send(`MLST ${name}`);
      const found = /[\s;]size=(\d+);/i.exec(message)?.[1];
      return found === undefined ? undefined : Number(found);
    }
    const entries = await this.#client.list(name).catch((error: unknown) => {
      if (error instanceof FTPError && error.code === 450) return [];
      throw error;
    });
    return entries.find((entry) => entry.isFile)?.size;
  }
}

/** What is left of a stream after its first bytes, for servers without REST. */
function endFrom(offset: number): Transform {
  let skip = offset;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const rest = chunk.subarray(skip);
      skip -= chunk.length - rest.length;
      done(null, rest.length > 0 ? rest : undefined);
    },
  });
}
