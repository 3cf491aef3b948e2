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
  #secured: TLSSocket | undefined;
  #held: Buffer[] | undefined;

  constructor(socket: Socket) {
    // As of a socket, so that TLS answers the client's goodbye with its own.
    super({ highWaterMark: socket.readableHighWaterMark, allowHalfOpen: false });
    this.#socket = socket;
    // The rest may be taken long after its end, and only then is it answered.
    socket.allowHalfOpen = true;
    socket.on('data', (bytes) => {
      if (!this.push(bytes)) socket.pause();
    });
    socket.on('end', () => this.#watchForTruncation());
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  /**
   * Keeps back what TLS 1.3 sends of its own accord after the handshake, the session tickets, until the client has
   * ended its data. A client that only sends may never read them (Perl's Net::FTP), and to close a connection with
   * something unread is to reset it: the last bytes of the upload would be lost.
   */
  holdTickets(secured: TLSSocket): void {
    if (secured.getProtocol() !== 'TLSv1.3') return;
    this.#held = [];
    secured.once('end', () => this.releaseTickets());
  }

  releaseTickets(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const bytes of held) this.#socket.write(bytes);
  }

  /** Data that ends without close_notify makes this socket fail instead of end. */
  demandCloseNotify(secured: TLSSocket): void {
    this.#secured = secured;
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#held) {
      this.#held.push(bytes);
      done();
    } else this.#socket.write(bytes, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.releaseTickets();
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearInterval(this.#watch);
    this.#socket.destroy();
    done(error);
  }

  /**
   * The TCP connection has ended. If that is not the end of the data, then once all that came has been taken nothing
   * more happens; which may be much later, since the data's end waits behind what a slow file has still to take.
   */
  #watchForTruncation(): void {
    let wasTaken = false;
    this.#watch = setInterval(() => {
      const secured = this.#secured;
      if (secured?.readableEnded || this.destroyed) {
        clearInterval(this.#watch);
        return;
      }
      // The end of a paused stream does not show either.
      const isTaken =
        this.readableLength === 0 && (!secured || (secured.readableLength === 0 && !secured.isPaused()));
      if (isTaken && wasTaken) (secured ?? this).destroy(new Error('the data ended without close_notify'));
      wasTaken = isTaken;
    }, checkMs);
  }
}
