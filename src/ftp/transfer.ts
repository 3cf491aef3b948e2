import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PassiveListener } from './passive-listener.ts';
import { type Reply, ReplyError } from './replies.ts';
import { resetConnection } from './reset-connection.ts';

const lostConnection = new ReplyError(426, 'The data connection was lost; the transfer is aborted.');

/**
 * One transfer over one data connection. Whatever ends it early - ABOR, a lost connection, a stall, a failed file -
 * is the reason of {@link signal}; the first reason is the one the client is told.
 */
export class Transfer {
  readonly #listener: PassiveListener;
  readonly #stallMs: number;
  readonly #announce: (reply: Reply) => Promise<void>;
  readonly #abort = new AbortController();
  #socket: Socket | undefined;

  /** @param announce sends the preliminary reply once everything is ready but the data connection */
  constructor(listener: PassiveListener, stallMs: number, announce: (reply: Reply) => Promise<void>) {
    this.#listener = listener;
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

  abort(reason: unknown): void {
    this.#abort.abort(reason);
  }

  /**
   * Sends a stream to the client. When it fails midway the connection is reset rather than closed: in stream mode
   * (RFC 959, section 3.4.1) a close means the end of the file, and a short file would pass for a whole one.
   */
  async send(source: Readable, announcement: string): Promise<void> {
    source.on('error', (error) => this.abort(error));
    source.on('close', () => {
      if (!source.readableEnded) this.abort(new Error('the file was closed before its end'));
    });
    try {
      await this.#run(announcement, (socket) => pipeline(source, socket));
    } finally {
      source.destroy();
    }
  }

  /** Takes the client's bytes until its end of file; resolves with their number when the stream has finished. */
  async receive(target: Writable, announcement: string): Promise<number> {
    target.on('error', (error) => this.abort(error));
    await this.#run(announcement, (socket) => pipeline(socket, target));
    return this.bytes;
  }

  async #run(announcement: string, move: (socket: Socket) => Promise<void>): Promise<void> {
    await this.#announce({ code: 150, text: announcement });
    const socket = await this.#listener.connection(this.signal);
    this.#socket = socket;
    const reset = () => resetConnection(socket);
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
      socket.destroy();
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
