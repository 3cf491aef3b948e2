import type { Readable, Writable } from 'node:stream';
import { type Client, FTPError } from 'basic-ftp';
import type { Account, CoordinatorTls } from '../config/configuration.ts';
import { tlsVariables } from '../config/variables.ts';
import { FtpClient } from '../ftp-client/ftp-client.ts';
import { coordinatorTrust } from '../tls/expected-certificate.ts';
import { accessTrusted, CertificateError, type SecureServer } from '../tls/trust.ts';
import {
  describeError,
  isConnectionError,
  LostConnectionError,
  RemoteError,
  systemCode,
  UnreachableError,
} from './errors.ts';
import { millisecondsFact, parseListing, parseReply, wantedFacts } from './facts.ts';
import type { RemoteEntry } from './transfer.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly account: Account;
  /** Without it, connections are plain. */
  readonly tls?: CoordinatorTls;
  /** The coordinator's folder, where its generated certificate is found when it is on this machine. */
  readonly folder?: string;
}

export interface Checksum {
  /** Bytes. */
  readonly size: number;
  /** As zlib's; absent when the server cannot tell. */
  readonly crc32?: number;
}

/** A server that says nothing for so long has gone, in milliseconds. */
const timeout = 120_000;
/** Listings beyond this are refused, in bytes: room for a million entries of one folder. */
const maxListingBytes = 256 * 1024 * 1024;

/** Replies of a server that does not know a command (RFC 959, section 4.2; 501 and 504 for SITE and OPTS). */
const notImplemented: ReadonlySet<number> = new Set([500, 501, 502, 504]);

/**
 * One FTP session with a coordinator: one command or transfer at a time. After an error that is not the
 * server's own answer the session's state is unknown; it closes itself then and is no longer {@link usable}.
 */
export class Connection {
  readonly #client: Client;
  readonly #name: string;
  readonly #features: ReadonlyMap<string, string>;
  #expects = true;

  private constructor(client: Client, name: string, features: ReadonlyMap<string, string>) {
    this.#client = client;
    this.#name = name;
    this.#features = features;
  }

  /** Connects and logs in. @throws {UnreachableError} in words that name the remedy. */
  static async open(address: Address, signal?: AbortSignal): Promise<Connection> {
    const { host, port, account } = address;
    const name = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    signal?.throwIfAborted();
    const client = new FtpClient(timeout, { allowSeparateTransferHost: false, maxListingBytes });
    const cancel = () => client.close();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const tls = await securityOf(address);
      await accessTrusted(client, { host, port, account, tls }, tlsVariables.fingerprint);
      const features = await client.features();
      if (!features.has('MLST')) {
        throw new UnreachableError(`The server at ${name} is not a SplitFTP coordinator: it lacks MLST.`);
      }
      if (features.get('MLST')?.includes(millisecondsFact)) await client.send(`OPTS MLST ${wantedFacts}`);
      if (features.has('HASH')) await client.send('OPTS HASH CRC32');
      return new Connection(client, name, features);
    } catch (error) {
      client.close();
      signal?.throwIfAborted();
      throw unreachable(error, name, account.user);
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  get usable(): boolean {
    return !this.#client.closed;
  }

  /** Whether the session still lives; one that does not is closed. */
  async probe(): Promise<boolean> {
    await this.#command('NOOP').catch(() => this.close());
    return this.usable;
  }

  /** Ends the session at once; a transfer in it is cancelled, and the server is told so before the data ends. */
  cancel(): void {
    if (this.usable) this.#client.ftp.send('ABOR');
    this.close();
  }

  close(): void {
    this.#client.close();
  }

  /** The entries of a folder (RFC 3659, MLSD), sorted by name. */
  async list(path: string): Promise<RemoteEntry[]> {
    let entries: RemoteEntry[] = [];
    // basic-ftp's own parser leaves out facts, and where MLSD fails it would take a LIST of a file for a folder's.
    this.#client.availableListCommands = ['MLSD'];
    this.#client.parseList = (listing) => {
      entries = parseListing(listing, path);
      return [];
    };
    await this.#run(() => this.#client.list(checked(path)));
    return entries;
  }

  /** What is at a path (RFC 3659, MLST); undefined where nothing is. */
  async stat(path: string): Promise<RemoteEntry | undefined> {
    const reply = await this.#command(`MLST ${path}`).catch((error: unknown) => {
      if (error instanceof RemoteError && error.code === 550) return undefined;
      throw error;
    });
    return reply === undefined ? undefined : parseReply(reply, path);
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#command(`MKD ${path}`);
  }

  async removeDirectory(path: string): Promise<void> {
    await this.#command(`RMD ${path}`);
  }

  async removeFile(path: string): Promise<void> {
    await this.#command(`DELE ${path}`);
  }

  async rename(from: string, to: string): Promise<void> {
    checked(to);
    await this.#command(`RNFR ${from}`);
    await this.#command(`RNTO ${to}`);
  }

  /** Sets the modification time where the server can (MFMT, whole seconds). */
  async setModified(path: string, modified: Date): Promise<void> {
    if (!this.#features.has('MFMT')) return;
    const time = modified.toISOString().replaceAll(/[-:T]|\..*$/g, '');
    await this.#command(`MFMT ${time} ${path}`);
  }

  /**
   * Announces the size of the next upload, so that a connection that was cut cannot look like its end.
   * @returns false where the server does not know this.
   */
  async expect(size: number): Promise<boolean> {
    if (!this.#expects) return false;
    await this.site(`EXPECT ${size}`).catch((error: unknown) => {
      if (!(error instanceof RemoteError && notImplemented.has(error.code))) throw error;
      this.#expects = false;
    });
    return this.#expects;
  }

  /** The text of the reply to a SITE command. */
  async site(command: string): Promise<string> {
    return this.#command(`SITE ${command}`);
  }

  /** Size and CRC-32 of a file as the server has it (`213 CRC32 0-<size> <8 hex> <path>`), or its size alone. */
  async checksum(path: string): Promise<Checksum> {
    if (!this.#features.has('HASH')) return { size: await this.#run(() => this.#client.size(checked(path))) };
    const reply = await this.#command(`HASH ${path}`);
    const [, size, crc32] = /^213 CRC32 0-(\d+) ([0-9a-f]{8}) /i.exec(reply) ?? [];
    if (size === undefined || crc32 === undefined) {
      throw new Error(`${this.#name} gave a checksum that cannot be read: ${reply}`);
    }
    return { size: Number(size), crc32: Number.parseInt(crc32, 16) };
  }

  /**
   * Bytes that an interrupted upload left at a path where nothing else is; 0 where there are none. The coordinator
   * tells them by SIZE alone (RFC 3659, section 4).
   */
  async partialSize(path: string): Promise<number> {
    if ((await this.stat(path)) !== undefined) return 0;
    try {
      return await this.#run(() => this.#client.size(checked(path)));
    } catch (error) {
      if (error instanceof RemoteError && error.code === 550) return 0;
      throw error;
    }
  }

  /**
   * Uploads (STOR). Rejects with the source's own error if that failed; the source is always destroyed.
   * @param offset bytes that are there already (RFC 3659, section 5: REST)
   */
  async store(source: Readable, path: string, offset = 0): Promise<void> {
    const client = this.#client;
    const { prepareTransfer } = client;
    try {
      await this.#run(async () => {
        if (offset > 0) {
          client.prepareTransfer = async (ftp) => {
            const reply = await prepareTransfer(ftp);
            await client.send(`REST ${offset}`); // It must stand right before STOR.
            return reply;
          };
        }
        await client.uploadFrom(source, checked(path));
      }, source);
    } finally {
      client.prepareTransfer = prepareTransfer;
      source.destroy();
    }
  }

  /**
   * Downloads (RETR) from an offset on; the destination is destroyed when that fails. That all bytes came must be
   * checked by their number: the end of data tells nothing.
   */
  async retrieve(path: string, destination: Writable, offset = 0): Promise<void> {
    try {
      await this.#run(() => this.#client.downloadTo(destination, checked(path), offset), destination);
    } catch (error) {
      // With the error: a pipeline from a stream that had its end, and is then destroyed without one, never settles.
      destination.destroy(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }

  async #command(command: string): Promise<string> {
    const { message } = await this.#run(() => this.#client.send(checked(command)));
    return message;
  }

  async #run<T>(task: () => Promise<T>, local?: Readable | Writable): Promise<T> {
    try {
      return await task();
    } catch (error) {
      if (error instanceof FTPError) throw new RemoteError(error.code, error.message, { cause: error });
      if (error instanceof InvalidNameError) throw error;
      this.cancel();
      // A full disk, a file that changed: the session's end only followed from it.
      if (local?.errored && !isConnectionError(local.errored)) throw local.errored;
      const late = error instanceof Error && error.message.startsWith('Timeout');
      const what = late ? 'does not answer any more' : 'closed the connection';
      throw new LostConnectionError(`the coordinator at ${this.#name} ${what}`, { cause: error });
    }
  }
}

/** Where TLS is optional, too: who answers in plain text then may not be the coordinator. */
async function securityOf({ tls, folder = '' }: Address): Promise<SecureServer['tls']> {
  if (!tls || tls.mode === 'off') return { mode: 'off' };
  return { mode: 'explicit', ...(await coordinatorTrust({ tls, folder })) };
}

class InvalidNameError extends Error {}

/** Refuses what would be more than one line, or a line that means something else, on the control connection. */
function checked(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new InvalidNameError('a name with control characters is not possible');
  return text;
}

function unreachable(error: unknown, name: string, user: string): UnreachableError {
  if (error instanceof UnreachableError) return error;
  if (error instanceof CertificateError) return new UnreachableError(error.message, { cause: error });
  if (error instanceof FTPError && error.code === 530) {
    return new UnreachableError(
      `The coordinator at ${name} refuses the user "${user}": check FTP_USER and FTP_PASSWORD.`,
      { cause: error },
    );
  }
  if (error instanceof FTPError && error.code === 534) {
    return new UnreachableError(
      `The coordinator at ${name} accepts TLS only: set ${tlsVariables.mode}=required here, too.`,
      { cause: error },
    );
  }
  if (error instanceof FTPError) {
    const { message } = new RemoteError(error.code, error.message);
    return new UnreachableError(`The coordinator at ${name} refuses the connection: ${message}`, {
      cause: error,
    });
  }
  if (systemCode(error) === 'ECONNREFUSED') {
    return new UnreachableError(
      `No coordinator answers at ${name}: start it with "splitftp serve", or correct FTP_HOST and FTP_PORT.`,
      { cause: error },
    );
  }
  return new UnreachableError(`The coordinator at ${name} cannot be reached: ${describeError(error)}.`, {
    cause: error,
  });
}
