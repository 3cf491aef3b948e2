import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import type { TlsUpgrade } from '../tls.ts';
import { Ciphertext } from './ciphertext.ts';
import { resetConnection } from './reset-connection.ts';

/** How a data connection will be secured. */
export interface DataSecurity {
  readonly tls: TlsUpgrade;
  /** Whether what the client sends may have to end as TLS demands. */
  readonly demandsCloseNotify: boolean;
}

/** A client whose handshake has begun so long ago, in milliseconds, waits for its end before it asks for anything. */
const patienceMs = 100;

/** A client that has begun a handshake, but does not end it for so long, in milliseconds, may wait for the 150. */
const handshakeMs = 1_000;

interface Secured {
  readonly stream: TLSSocket;
  /** There when it can be told how the data ends. */
  readonly ciphertext: Ciphertext | undefined;
}

/** The data connection of one transfer, in plain text or over TLS. */
export class DataConnection {
  readonly #socket: Socket;
  #stream: Socket | undefined;
  #early: Promise<Secured> | undefined;
  #onEarlyBytes: (() => void) | undefined;
  #patience: NodeJS.Timeout | undefined;

  /** @param socket as it was accepted */
  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The file's bytes; before {@link open} nothing. */
  get bytes(): number {
    return this.#stream ? this.#stream.bytesRead + this.#stream.bytesWritten : 0;
  }

  get isSecure(): boolean {
    return this.#stream !== undefined && this.#stream !== this.#socket;
  }

  /**
   * For clients that want the handshake before they ask for the transfer, as aioftp does. Others begin it when they have
   * read the 150, which is why that never waits for one; or at once, but ask at once, too. For these it is better to wait:
   * which way the bytes will go decides how the connection is secured best.
   */
  takeEarlyHandshake({ tls, demandsCloseNotify }: DataSecurity): void {
    const begin = () => {
      this.#early = this.#secure(tls, demandsCloseNotify);
      this.#early.catch(() => undefined); // A failure shows when the connection is used.
    };
    this.#onEarlyBytes = () => {
      this.#patience = setTimeout(begin, patienceMs);
    };
    this.#socket.once('readable', this.#onEarlyBytes);
    this.#socket.once('close', () => clearTimeout(this.#patience));
  }

  /**
   * Goes on with a handshake that the client has begun before it asked for an upload. Node's clients (basic-ftp, npm's
   * ftp) do, and take the 150 for leave to send: an empty file's connection would end before its handshake does.
   * Resolves when the handshake is done, has failed (which {@link open} tells), or the client seems to wait for the 150.
   */
  async finishEarlyHandshake(tls: TlsUpgrade, demandsCloseNotify: boolean): Promise<void> {
    if (!this.#early && this.#socket.readableLength === 0) return;
    this.#stopListening();
    this.#early ??= this.#secure(tls, demandsCloseNotify);
    const end = new AbortController();
    const settled = this.#early.catch(() => undefined);
    await Promise.race([
      settled,
      delay(handshakeMs, undefined, { signal: end.signal }).catch(() => undefined),
    ]);
    end.abort();
  }

  /**
   * The stream of the file's bytes.
   * @param tls secures the connection first
   * @param demandsCloseNotify makes the stream fail when what the client sends does not end as TLS demands
   */
  async open(tls: TlsUpgrade | undefined, demandsCloseNotify: boolean): Promise<Socket> {
    this.#stopListening();
    if (!tls) {
      if (this.#early) throw new Error('the client began TLS, and then asked for plain text');
      this.#stream = this.#socket;
      return this.#stream;
    }
    const { stream, ciphertext } = await (this.#early ?? this.#secure(tls, demandsCloseNotify));
    if (!demandsCloseNotify) ciphertext?.releaseTickets();
    else if (ciphertext) ciphertext.demandCloseNotify(stream);
    else throw new Error('it is too late to demand an end of data');
    this.#stream = stream;
    return stream;
  }

  #stopListening(): void {
    if (this.#onEarlyBytes) this.#socket.off('readable', this.#onEarlyBytes);
    clearTimeout(this.#patience);
  }

  async #secure(tls: TlsUpgrade, canDemandCloseNotify: boolean): Promise<Secured> {
    if (!canDemandCloseNotify) return { stream: await tls.secure(this.#socket), ciphertext: undefined };
    if (this.#socket.destroyed) throw new Error('the data connection is closed');
    const ciphertext = new Ciphertext(this.#socket);
    const stream = await tls.secure(ciphertext, (secured) => ciphertext.holdTickets(secured));
    return { stream, ciphertext };
  }

  /** Closes it so that the client sees a failure, never the end of a file. */
  reset(): void {
    const { writableEnded, writableLength } = this.#stream ?? this.#socket;
    resetConnection(this.#socket, writableEnded && writableLength === 0);
  }

  destroy(): void {
    this.#stream?.destroy();
    this.#socket.destroy();
  }

  /**
   * Resolves when the client has closed it too. What it still sends is dropped, so that its end is seen; closing while
   * something is unread would be a reset.
   */
  async drain(): Promise<void> {
    if (this.#socket.closed) return;
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    (this.#stream ?? this.#socket).resume();
    await closed;
  }
}
