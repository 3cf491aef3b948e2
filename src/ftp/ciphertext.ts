import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

/** How often the rest of a connection that has ended is looked at, in milliseconds. */
const checkMs = 20;

/**
 * What TLS reads and writes, so that an upload which was cut off can be told from one that is whole.
 *
 * TLS marks the end of data with a message of its own (close_notify, RFC 8446, section 6.1). Whoever stands between
 * client and server cannot forge that, but can end the TCP connection, and Node's TLS takes either for the end. So the
 * end of the TCP connection is kept from it here: only close_notify is left to end the data.
 */
export class Ciphertext extends Duplex {
  readonly #socket: Socket;
  #watch: NodeJS.Timeout | undefined;
  #hasEnded = false;
  #secured: TLSSocket | undefined;

  constructor(socket: Socket) {
    // As of a socket, so that TLS answers the client's goodbye with its own.
    super({ highWaterMark: socket.readableHighWaterMark, allowHalfOpen: false });
    this.#socket = socket;
    socket.on('data', (bytes) => {
      if (!this.push(bytes)) socket.pause();
    });
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#watchForTruncation();
    });
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  /** From now on, data that ends without close_notify makes this socket fail instead of end. */
  demandCloseNotify(secured: TLSSocket): void {
    this.#secured = secured;
    this.#watchForTruncation();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearInterval(this.#watch);
    this.#socket.destroy();
    done(error);
  }

  /** The end shows on the secured socket when all that came before has been taken from it, which may be much later. */
  #watchForTruncation(): void {
    const secured = this.#secured;
    if (!this.#hasEnded || !secured || this.#watch) return;
    let drained = false;
    this.#watch = setInterval(() => {
      if (secured.readableEnded || secured.destroyed) clearInterval(this.#watch);
      else if (this.readableLength > 0 || secured.readableLength > 0) drained = false;
      else if (!drained) drained = true;
      else secured.destroy(new Error('the data ended without close_notify'));
    }, checkMs);
  }
}
