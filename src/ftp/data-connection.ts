import type { Socket } from 'node:net';
import { Ciphertext } from './ciphertext.ts';
import { resetConnection } from './reset-connection.ts';
import type { TlsUpgrade } from './tls.ts';

/** The data connection of one transfer, in plain text or over TLS. */
export class DataConnection {
  readonly #socket: Socket;
  #stream: Socket | undefined;

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
   * The stream of the file's bytes.
   * @param tls secures the connection first
   * @param demandsCloseNotify makes the stream fail when what the client sends does not end as TLS demands
   */
  async open(tls: TlsUpgrade | undefined, demandsCloseNotify: boolean): Promise<Socket> {
    if (!tls) this.#stream = this.#socket;
    else if (demandsCloseNotify) {
      const ciphertext = new Ciphertext(this.#socket);
      const secured = await tls.secure(ciphertext);
      ciphertext.demandCloseNotify(secured);
      this.#stream = secured;
    } else this.#stream = await tls.secure(this.#socket);
    return this.#stream;
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
