import type { Socket } from 'node:net';
import type { AdoptedConnection } from './adoption.ts';
import { type ControlLine, ControlLineReader } from './control-line-reader.ts';
import { closesConnection, formatReply, type Reply } from './replies.ts';

interface ControlConnectionEvents {
  /** The lines that a segment has completed, perhaps none. */
  onLines(lines: readonly ControlLine[]): void;
  /** The client sends nothing more; it may still read. */
  onEnd(): void;
}

/** The bytes of a session's control connection: lines in, replies out. */
export class ControlConnection {
  readonly id: string;
  /** Resolves when the socket is closed, however that happened. */
  readonly closed: Promise<void>;
  readonly #adopted: AdoptedConnection;
  readonly #reader = new ControlLineReader();
  readonly #goodbyeMs: number;
  #repliesUnderWay = 0;

  /** @param goodbyeMs how long the client may take to read a reply that ends the connection */
  constructor(adopted: AdoptedConnection, goodbyeMs: number, events: ControlConnectionEvents) {
    this.id = adopted.id.slice(0, 8);
    this.#adopted = adopted;
    this.#goodbyeMs = goodbyeMs;
    const { socket } = this;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    socket.on('data', (segment) => events.onLines(this.#reader.read(segment)));
    socket.on('end', () => events.onEnd());
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  get socket(): Socket {
    return this.#adopted.commandSocket;
  }

  /** Whether the client has not taken all replies yet. */
  get isReplying(): boolean {
    return this.#repliesUnderWay > 0;
  }

  /** Resolves when the reply is with the system, also when the client is gone. */
  async send(reply: Reply): Promise<void> {
    this.#repliesUnderWay++;
    if (closesConnection(reply)) this.#closeInTime();
    // ftp-srv's `raw` letters are written as they are, and it swallows the errors of a lost connection.
    await this.#adopted.reply(reply.code, { raw: true, message: formatReply(reply).slice(0, -2) });
    this.#repliesUnderWay--;
    if (closesConnection(reply)) this.socket.destroySoon();
  }

  /** A client that does not take the last reply shall not hold the connection. */
  #closeInTime(): void {
    const timer = setTimeout(() => this.socket.destroy(), this.#goodbyeMs);
    this.socket.once('close', () => clearTimeout(timer));
  }
}
