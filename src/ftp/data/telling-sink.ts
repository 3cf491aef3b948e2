import type { Socket } from 'node:net';
import { Writable } from 'node:stream';

/**
 * A connection as the end of a stream, which tells of each chunk when the system has taken all of it, so that its memory
 * can be used again. Of a chunk that may not have been taken, since the connection failed, it tells nothing.
 */
export class TellingSink extends Writable {
  readonly #socket: Socket;
  readonly #onTaken: (chunk: Buffer) => void;

  constructor(socket: Socket, onTaken: (chunk: Buffer) => void) {
    super({ highWaterMark: 1 }); // One chunk at a time: what the system takes ahead is enough.
    this.#socket = socket;
    this.#onTaken = onTaken;
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy(this.writableFinished ? undefined : closedEarly()));
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, (error) => {
      if (!error) this.#onTaken(chunk);
      done(error);
    });
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end((error?: Error | null) => done(error));
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (error) this.#socket.destroy();
    done(error);
  }
}

function closedEarly(): Error {
  return new Error('the connection was closed before all bytes were sent');
}
