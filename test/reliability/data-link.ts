import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';
import type { FaultKind } from './faults.ts';

/** Bytes of a data connection that pass before a fault strikes; small files have more than that in a part. */
const bytesBefore = 100;
/** Of a slow connection. */
const bytesPerSecond = 64 * 1024;

/** One direction of a data connection, with at most one fault. */
class Passage extends Transform {
  fault: FaultKind | undefined;
  /** Called at a fault that is more than a change of the bytes. */
  onStrike: (kind: FaultKind) => void = () => {};
  #passed = 0;
  #struck = false;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const before = Math.max(0, bytesBefore - this.#passed);
    this.#passed += chunk.length;
    if (this.fault === undefined || this.#passed <= bytesBefore) {
      done(null, chunk);
      return;
    }
    const first = chunk.subarray(0, before);
    switch (this.fault) {
      case 'data-flipped': {
        const flipped = Buffer.from(chunk);
        if (!this.#struck) flipped[before] = (flipped[before] ?? 0) ^ 0x40;
        this.#struck = true;
        done(null, flipped);
        return;
      }
      case 'data-slow':
        setTimeout(() => done(null, chunk), Math.min(1000, (chunk.length / bytesPerSecond) * 1000));
        return;
      case 'data-long':
        done(null, chunk);
        return;
      default: // What comes after the first bytes is dropped; how it then ends is the link's to decide.
        if (!this.#struck) {
          this.#struck = true;
          if (first.length > 0) this.push(first);
          this.onStrike(this.fault);
        }
        if (this.fault !== 'data-stall') done();
    }
  }

  override _flush(done: TransformCallback): void {
    if (this.fault === 'data-long') this.push(Buffer.alloc(1000, 'x'));
    if (this.fault !== 'data-stall') done();
  }
}

/**
 * A listener for one data connection that goes on to the storage server's passive port. Bytes pass both ways; a fault
 * can be set until they do.
 */
export class DataLink {
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();
  readonly #up = new Passage();
  readonly #down = new Passage();
  #client: Socket | undefined;

  /** The port to tell the coordinator. */
  readonly listening: Promise<number>;

  /** @param port the storage server's */
  constructor(port: number) {
    this.#listener = createServer({ allowHalfOpen: true }, (client) => {
      this.#listener.close();
      this.#join(client, connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
    });
    this.#listener.listen(0, '127.0.0.1');
    this.listening = once(this.#listener, 'listening').then(() => {
      const address = this.#listener.address();
      if (address === null || typeof address === 'string') throw new Error('it does not listen on a port');
      return address.port;
    });
    for (const passage of [this.#up, this.#down]) {
      passage.on('error', () => this.destroy());
      passage.onStrike = (kind) => {
        if (kind === 'data-reset') this.destroy();
      };
    }
  }

  set fault(kind: FaultKind) {
    this.#up.fault = kind;
    this.#down.fault = kind;
  }

  /** Whether the coordinator holds it, or may still connect. */
  get open(): boolean {
    return this.#listener.listening || this.#client?.destroyed === false;
  }

  /** The storage server will never hear of a transfer on it: it goes when the coordinator ends its side. */
  abandon(): void {
    this.#listener.close();
    if (!this.#client || this.#client.readableEnded) this.destroy();
    else this.#client.once('end', () => this.destroy());
  }

  destroy(): void {
    this.#listener.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #join(client: Socket, server: Socket): void {
    this.#client = client;
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.resetAndDestroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        // What the other has sent before is on its way; a connection of which one side has gone ends.
        if (!other.destroyed && !other.writableEnded) other.end();
        if (!other.destroyed && other.readableEnded) other.destroySoon();
      });
    }
    client.pipe(this.#up).pipe(server);
    server.pipe(this.#down).pipe(client);
  }
}
