import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { DataConnector } from './data-connector.ts';
import { type Reply, ReplyError } from './replies.ts';
import { resetConnection } from './reset-connection.ts';

const lostConnection = new ReplyError(426, 'The data connection was lost; the transfer is aborted.');

/**
 * One transfer over one data connection. Whatever ends it early - ABOR, a lost connection, a stall, a failed file -
 * is the reason of {@link signal}; the first reason is the one the client is told. Then the data connection is reset
 * rather than closed: in stream mode (RFC 959, section 3.4.1) a close means the end of the file, and a short file
 * would pass for a whole one.
 */
export class Transfer {
  readonly #connector: DataConnector;
  readonly #stallMs: number;
  readonly #announce: (reply: Reply) => Promise<void>;
  readonly #abort = new AbortController();
  #socket: Socket | undefined;
  #failed = false;

  /** @param announce sends the preliminary reply once everything is ready but the data connection */
  constructor(connector: DataConnector, stallMs: number, announce: (reply: Reply) => Promise<void>) {
    this.#connector = connector;
    this.#stallMs = stallMs;
    this.#announce = announce;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Bytes moved so far. */
  get bytes(): number {
    return this.#socket ? this.#socket.bytesRead + this.#socket.bytesWritten : 0;
  }

  /** Resets the data connection at once. */
  abort(reason: unknown): void {
    this.#abort.abort(reason);
  }

  /** Whether the file failed: the data connection is then left to {@link hangUp}. */
  get failed(): boolean {
    return this.#failed;
  }

  /**
   * Resets the data connection after a failure of the file. Called when the client has been told why, since many
   * clients take a reset for all there is to know; one that has read the reply closes the connection itself.
   */
  async hangUp(graceMs: number): Promise<void> {
    const socket = this.#socket;
    if (!socket || socket.closed) return;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const grace = setTimeout(() => resetConnection(socket), graceMs);
    socket.resume(); // What the client still sends is dropped, so that its end is seen.
    await closed;
    clearTimeout(grace);
  }

  /** Sends a stream to the client. */
  async send(source: Readable, announcement: string): Promise<void> {
    source.on('error', (error) => this.#fail(error));
    source.on('close', () => {
      if (!source.readableEnded) this.#fail(new Error('the file was closed before its end'));
    });
    try {
      await this.#run(announcement, async (socket) => {
        // Not a pipeline: that closes the data connection when the file fails.
        source.pipe(socket);
        await finished(socket, { readable: false, signal: this.signal });
      });
    } finally {
      source.unpipe();
      source.destroy();
    }
  }

  /** Takes the client's bytes until its end of file; resolves with their number when the stream has finished. */
  async receive(target: Writable, announcement: string): Promise<number> {
    target.on('error', (error) => this.#fail(error));
    await this.#run(announcement, async (socket) => {
      socket.pipe(target);
      try {
        await Promise.all([
          finished(socket, { writable: false, signal: this.signal }),
          finished(target, { signal: this.signal }),
        ]);
      } finally {
        socket.unpipe(target); // Even of a destroyed socket the rest would come.
      }
    });
    return this.bytes;
  }

  #fail(reason: unknown): void {
    if (this.signal.aborted) return;
    this.#failed = true;
    this.abort(reason);
  }

  async #run(announcement: string, move: (socket: Socket) => Promise<void>): Promise<void> {
    await this.#announce({ code: 150, text: announcement });
    const socket = await this.#connector.connection(this.signal);
    this.#socket = socket;
    const reset = () => {
      if (!this.#failed) resetConnection(socket);
    };
    this.signal.addEventListener('abort', reset, { once: true });
    socket.on('error', () => this.abort(lostConnection));
    const stall = this.#watchForStall();
    try {
      this.signal.throwIfAborted();
      await move(socket);
    } catch {
      // A cause that is known by now was first; else the connection closed without an error.
      this.abort(lostConnection);
    } finally {
      clearInterval(stall);
      if (!this.#failed) socket.destroy();
    }
    this.signal.throwIfAborted();
  }

  #watchForStall(): NodeJS.Timeout {
    let bytes = -1;
    let since = performance.now();
    return setInterval(() => {
      const now = performance.now();
      if (bytes !== this.bytes) {
        bytes = this.bytes;
        since = now;
      } else if (now - since >= this.#stallMs) {
        this.abort(new ReplyError(426, 'The transfer stood still for too long and is aborted.'));
      }
    }, this.#stallMs / 10);
  }
}
