import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';

const host = '127.0.0.1';
/** In milliseconds. */
const timerSlack = 20;

/** What a line carries. */
export interface LineSpeed {
  /** In each direction, all connections together. */
  readonly bytesPerSecond: number;
  /** From one end to the other, in milliseconds. */
  readonly delay: number;
}

/** One direction of a line, for all connections that go over it. */
class Lane {
  readonly #speed: LineSpeed;
  #free = 0;

  constructor(speed: LineSpeed) {
    this.#speed = speed;
  }

  get delay(): number {
    return this.#speed.delay;
  }

  /** Milliseconds until the last of these bytes has left. */
  reserve(bytes: number): number {
    const now = performance.now();
    // Timers are late by a few milliseconds; the time they lost is made up for.
    this.#free = Math.max(this.#free, now - timerSlack) + (bytes * 1000) / this.#speed.bytesPerSecond;
    return Math.max(0, this.#free - now);
  }
}

/** One direction of a connection. */
class Passage extends Transform {
  readonly #lane: Lane;
  /** In their order; timers of different lengths keep none. */
  readonly #underWay: Buffer[] = [];

  constructor(lane: Lane) {
    super();
    this.#lane = lane;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const left = this.#lane.reserve(chunk.length);
    this.#underWay.push(chunk);
    setTimeout(() => this.push(this.#underWay.shift()), left + this.#lane.delay);
    setTimeout(done, left);
  }

  override _flush(done: TransformCallback): void {
    const end = () => {
      if (this.#underWay.length === 0) done();
      else setTimeout(end, 1);
    };
    end();
  }
}

/** What a server says on a control connection: its passive ports (RFC 2428, section 3) become the line's. */
class Replies extends Transform {
  readonly #openPort: (port: number) => Promise<number>;

  constructor(openPort: (port: number) => Promise<number>) {
    super();
    this.#openPort = openPort;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const text = chunk.toString('latin1');
    const port = /^229 .*\(\|\|\|(\d+)\|\)/m.exec(text)?.[1];
    if (port === undefined) {
      done(null, chunk);
      return;
    }
    this.#openPort(Number(port)).then(
      (own) => done(null, Buffer.from(text.replace(`|||${port}|`, `|||${own}|`), 'latin1')),
      (error: Error) => done(error),
    );
  }
}

/**
 * A long line to an FTP server on this machine: whoever talks to {@link port} instead of the server's own gets so many
 * bytes per second, so late. Control connections in plain text, data connections by EPSV.
 */
export class Line {
  readonly #up: Lane;
  readonly #down: Lane;
  readonly #listeners = new Set<Server>();
  readonly #sockets = new Set<Socket>();
  port = 0;

  private constructor(speed: LineSpeed) {
    this.#up = new Lane(speed);
    this.#down = new Lane(speed);
  }

  /** @param target the server's port */
  static async to(target: number, speed: LineSpeed): Promise<Line> {
    const line = new Line(speed);
    line.port = await line.#listen((client) => {
      const replies = new Replies((port) => line.#openDataPort(port));
      const server = line.#carry(client, target, replies);
      replies.on('error', () => server.destroy());
    });
    return line;
  }

  close(): void {
    for (const listener of this.#listeners) listener.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #openDataPort(target: number): Promise<number> {
    return this.#listen((client, listener) => {
      listener.close();
      this.#listeners.delete(listener);
      this.#carry(client, target);
    });
  }

  async #listen(take: (client: Socket, listener: Server) => void): Promise<number> {
    const listener = createServer({ allowHalfOpen: true }, (client) => take(client, listener));
    this.#listeners.add(listener);
    listener.listen(0, host);
    await once(listener, 'listening');
    const address = listener.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen on a port');
    return address.port;
  }

  #carry(client: Socket, target: number, replies?: Replies): Socket {
    const server = connect({ port: target, host, allowHalfOpen: true });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
    }
    client.pipe(new Passage(this.#up)).pipe(server);
    const down = new Passage(this.#down);
    (replies ? server.pipe(replies) : server).pipe(down).pipe(client);
    return server;
  }
}
