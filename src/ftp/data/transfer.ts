import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FileSource } from '../file-system.ts';
import { type Reply, ReplyError } from '../replies.ts';
import type { TlsUpgrade } from '../tls.ts';
import type { DataConnection } from './data-connection.ts';
import type { DataConnector } from './data-connector.ts';
import { TellingSink } from './telling-sink.ts';

const lostConnection = new ReplyError(426, 'The data connection was lost; the transfer is aborted.');

export interface TransferOptions {
  readonly connector: DataConnector;
  /** A transfer in which no byte moves for so long is aborted, in milliseconds. */
  readonly stallMs: number;
  /** Sends the preliminary reply once everything is ready but the data connection. */
  announce(reply: Reply): Promise<void>;
  /** Secures the data connection; without it that is plain. */
  readonly tls?: TlsUpgrade;
}

/**
 * One transfer over one data connection. Whatever ends it early - ABOR, a lost connection, a stall, a failed file -
 * is the reason of {@link signal}; the first reason is the one the client is told. Then the data connection is reset
 * rather than closed: in stream mode (RFC 959, section 3.4.1) a close means the end of the file, and a short file
 * would pass for a whole one.
 */
export class Transfer {
  readonly #options: TransferOptions;
  readonly #abort = new AbortController();
  #connection: DataConnection | undefined;
  #failed = false;
  #isOpen = false;

  constructor(options: TransferOptions) {
    this.#options = options;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Bytes moved so far. */
  get bytes(): number {
    return this.#connection?.bytes ?? 0;
  }

  /** Resets the data connection at once. */
  abort(reason: unknown): void {
    this.#abort.abort(reason);
  }

  /** Whether the data connection is left to {@link hangUp}. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Closes a data connection whose transfer is over, when the client has been told how that ended. After a failure of
   * the file that is a reset; many clients take one for all there is to know, while those that have read the reply
   * close the connection themselves. Over TLS a client says goodbye after the last byte, and would find its connection
   * reset if nobody took that.
   */
  async hangUp(graceMs: number): Promise<void> {
    const connection = this.#connection;
    if (!connection) return;
    const grace = setTimeout(() => (this.#failed ? connection.reset() : connection.destroy()), graceMs);
    await connection.drain();
    clearTimeout(grace);
  }

  /** Sends a stream to the client. */
  async send(source: FileSource, announcement: string): Promise<void> {
    source.on('error', (error) => this.#fail(error));
    source.on('close', () => {
      if (!source.readableEnded) this.#fail(new Error('the file was closed before its end'));
    });
    try {
      await this.#run(announcement, false, async (socket) => {
        // Not a pipeline: that closes the data connection when the file fails.
        const giveBack = source.lend?.();
        source.pipe(giveBack ? new TellingSink(socket, giveBack).on('error', seenOnSocket) : socket);
        await finished(socket, { readable: false, signal: this.signal });
      });
    } finally {
      source.unpipe();
      source.destroy();
    }
  }

  /**
   * Takes the client's bytes until its end of file; resolves with their number when the stream has finished.
   * @param demandsCloseNotify over TLS only its own message is an end of file, not the end of the connection
   */
  async receive(target: Writable, announcement: string, demandsCloseNotify: boolean): Promise<number> {
    target.on('error', (error) => this.#fail(error));
    const { connector, tls } = this.#options;
    if (tls) {
      // What the client did before its command may still wait to be accepted and read.
      await nextTurn();
      await nextTurn();
      await connector.arrived?.finishEarlyHandshake(tls, demandsCloseNotify);
    }
    await this.#run(announcement, demandsCloseNotify, async (socket) => {
      socket.pipe(target);
      try {
        await Promise.all([
          finished(socket, { writable: false, signal: this.signal }),
          finished(target, { signal: this.signal }),
        ]);
      } finally {
        socket.unpipe(target);
        moveReadAhead(socket, target);
      }
    });
    return this.bytes;
  }

  #fail(reason: unknown): void {
    if (this.signal.aborted) return;
    this.#failed = true;
    this.abort(reason);
  }

  async #run(
    announcement: string,
    demandsCloseNotify: boolean,
    move: (socket: Socket) => Promise<void>,
  ): Promise<void> {
    const { connector, announce, tls } = this.#options;
    await announce({ code: 150, text: announcement });
    const connection = await connector.connection(this.signal);
    this.#connection = connection;
    const reset = () => {
      if (!this.#failed) connection.reset();
    };
    this.signal.addEventListener('abort', reset, { once: true });
    const stall = this.#watchForStall();
    try {
      this.signal.throwIfAborted();
      const socket = await connection.open(tls, demandsCloseNotify);
      this.signal.throwIfAborted();
      socket.on('error', () => {
        // After the end of its data a client may close before it has taken our end.
        if (!(connection.isSecure && socket.readableEnded)) this.abort(lostConnection);
      });
      await move(socket);
    } catch {
      // A cause that is known by now was first; else the connection closed without an error.
      this.abort(lostConnection);
    } finally {
      clearInterval(stall);
      this.#isOpen = this.#failed || (connection.isSecure && !this.signal.aborted);
      if (!this.#isOpen) connection.destroy();
    }
    this.signal.throwIfAborted();
  }

  #watchForStall(): NodeJS.Timeout {
    const { stallMs } = this.#options;
    let bytes = -1;
    let since = performance.now();
    return setInterval(() => {
      const now = performance.now();
      if (bytes !== this.bytes) {
        bytes = this.bytes;
        since = now;
      } else if (now - since >= stallMs) {
        this.abort(new ReplyError(426, 'The transfer stood still for too long and is aborted.'));
      }
    }, stallMs / 10);
  }
}

/** The socket's own error ends the transfer. */
function seenOnSocket(): void {}

/** What had arrived of a connection that then failed: an interrupted upload goes on behind it. */
function moveReadAhead(socket: Socket, target: Writable): void {
  while (target.writable) {
    const rest: unknown = socket.read();
    if (!(rest instanceof Buffer)) return;
    target.write(rest);
  }
}
