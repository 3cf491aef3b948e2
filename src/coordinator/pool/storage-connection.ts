import { type Readable, Writable } from 'node:stream';
import { Client, FTPError } from 'basic-ftp';
import type { Account } from '../../config/configuration.ts';
import { atomicStoreFeature } from '../../ftp/file-system.ts';

/**
 * Silence of a storage server, in milliseconds, after which an operation has failed. A final flush to its disk may
 * take long; whoever waits for the coordinator must hear of this before giving that up.
 */
const answerTimeout = 30_000;

export interface StorageAddress {
  readonly host: string;
  readonly port: number;
  readonly account: Account;
}

/**
 * One control connection to a storage server. It does one thing at a time; after any rejection but a
 * {@link FTPError} it is closed and must be thrown away. Paths are relative to the account's folder.
 */
export class StorageConnection {
  readonly #client: Client;
  readonly #home: string;
  /** A file appears under its name only when its upload is whole: no temporary name is needed. */
  readonly storesAtomically: boolean;
  #lastUsed = Date.now();
  /** By us. */
  #ended = false;

  private constructor(client: Client, home: string, features: ReadonlyMap<string, string>) {
    this.#client = client;
    this.storesAtomically = features.has(atomicStoreFeature);
    this.#home = home.endsWith('/') ? home : `${home}/`;
  }

  /** @param timeout milliseconds in which the server must have accepted the login. */
  static async open({ host, port, account }: StorageAddress, timeout: number): Promise<StorageConnection> {
    const client = new Client(answerTimeout, { allowSeparateTransferHost: false });
    const deadline = setTimeout(
      () => client.ftp.closeWithError(new Error(`Timeout of ${timeout / 1000} s`)),
      timeout,
    );
    try {
      await client.access({ host, port, user: account.user, password: account.password });
      return new StorageConnection(client, await client.pwd(), await client.features());
    } catch (error) {
      client.close();
      throw error;
    } finally {
      clearTimeout(deadline);
    }
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
    await this.#client.send('NOOP');
    this.#lastUsed = Date.now();
  }

  async upload(source: Readable, path: string): Promise<void> {
    source.on('error', rejectedAlready);
    await this.#client.uploadFrom(source, this.#home + path);
    this.#lastUsed = Date.now();
  }

  /** Resolves at the end of the file; ends or destroys `destination` either way. */
  async download(destination: Writable, path: string, offset: number): Promise<void> {
    destination.on('error', rejectedAlready);
    await this.#client.downloadTo(destination, this.#home + path, offset);
    this.#lastUsed = Date.now();
  }

  /** The bytes of a file from `offset` on, for short ends of files. */
  async tail(path: string, offset: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    await this.download(sink, path, offset);
    return Buffer.concat(chunks);
  }

  /** Undefined when there is no such file. */
  async size(path: string): Promise<number | undefined> {
    try {
      return await this.#client.size(this.#home + path);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#client.rename(this.#home + from, this.#home + to);
  }

  /** Whether the file is gone now, also when it was never there. */
  async remove(path: string): Promise<boolean> {
    try {
      await this.#client.remove(this.#home + path);
      return true;
    } catch (error) {
      if (!isMissing(error)) throw error;
      return (await this.size(path)) === undefined;
    }
  }

  /** Makes a folder; that it exists already is not an error, what else is wrong shows when it is used. */
  async makeFolder(path: string): Promise<void> {
    await this.#client.sendIgnoringError(`MKD ${this.#home}${path}`);
  }
}

/** basic-ftp stops listening to a stream before its last error, which nobody hearing would end the process. */
function rejectedAlready(): void {}

/** RFC 959: 550 is "file unavailable (not found, no access)"; which of the two it is, only SIZE tells. */
export function isMissing(error: unknown): boolean {
  return error instanceof FTPError && error.code === 550;
}
