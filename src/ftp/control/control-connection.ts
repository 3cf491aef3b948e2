import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { AdoptedConnection } from '../adoption.ts';
import { closesConnection, formatReply, type Reply } from '../replies.ts';
import type { TlsUpgrade } from '../tls.ts';
import { type ControlLine, ControlLineReader } from './control-line-reader.ts';

interface ControlConnectionEvents {
  /** The lines that a segment has completed, perhaps none. */
  onLines(lines: readonly ControlLine[]): void;
  /** The client sends nothing more; it may still read. */
  onEnd(): void;
}

/** The bytes of a session's control connection: lines in, replies out, in plain text or over TLS. */
export class ControlConnection {
  readonly id: string;
  /** Resolves when the socket is closed, however that happened. */
  readonly closed: Promise<void>;
  readonly #adopted: AdoptedConnection;
  readonly #events: ControlConnectionEvents;
  readonly #goodbyeMs: number;
  #reader = new ControlLineReader();
  /** What carries lines and replies; none during a TLS handshake. */
  #channel: Socket | undefined;
  #repliesUnderWay = 0;
  #saidGoodbye = false;

  /** @param goodbyeMs how long the client may take to read a reply that ends the connection */
  constructor(adopted: AdoptedConnection, goodbyeMs: number, events: ControlConnectionEvents) {
    this.id = adopted.id.slice(0, 8);
    this.#adopted = adopted;
    this.#events = events;
    this.#goodbyeMs = goodbyeMs;
    const { socket } = this;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    this.#listen(socket);
  }

  /** The socket of the listener; its addresses are right also when TLS stands on it. */
  get socket(): Socket {
    return this.#adopted.commandSocket;
  }

  get isSecure(): boolean {
    return this.#channel instanceof TLSSocket;
  }

  /** Whether the client has not taken all replies yet. */
  get isReplying(): boolean {
    return this.#repliesUnderWay > 0;
  }

  /** Whether a line has begun to arrive. */
  get isWithinLine(): boolean {
    return this.#reader.isWithinLine;
  }

  /** Resolves when the reply is with the system, also when the client is gone. Nothing follows a goodbye. */
  async send(reply: Reply): Promise<void> {
    if (this.#saidGoodbye) return;
    const channel = this.#channel;
    // In plain text it would spoil the handshake; a client that is in one has asked nothing.
    if (!channel) return void this.socket.destroy();
    this.#repliesUnderWay++;
    if (closesConnection(reply)) {
      this.#saidGoodbye = true;
      this.#closeInTime();
    }
    // ftp-srv's `raw` letters are written as they are, and it swallows the errors of a lost connection.
    const message = formatReply(reply).slice(0, -2);
    await this.#adopted.reply(reply.code, { raw: true, message, socket: channel });
    this.#repliesUnderWay--;
    if (closesConnection(reply)) channel.destroySoon();
  }

  /**
   * Sends the reply that announces it (234) and begins the TLS handshake in the same moment: what the client sends
   * before it has read the reply is taken for TLS, and fails there.
   */
  async startTls(reply: Reply, tls: TlsUpgrade): Promise<void> {
    const { socket } = this;
    socket.removeListener('data', this.#onData).removeListener('end', this.#onEnd);
    this.#channel = undefined;
    this.#reader = new ControlLineReader();
    socket.write(formatReply(reply));
    try {
      this.#listen(await tls.secure(socket));
    } catch {
      socket.destroy(); // The handshake's failure has been logged where it happened.
    }
  }

  readonly #onData = (segment: Uint8Array) => this.#events.onLines(this.#reader.read(segment));
  readonly #onEnd = () => this.#events.onEnd();

  #listen(channel: Socket): void {
    this.#channel = channel;
    channel.on('data', this.#onData);
    channel.on('end', this.#onEnd);
  }

  /** A client that does not take the last reply shall not hold the connection. */
  #closeInTime(): void {
    const timer = setTimeout(() => this.socket.destroy(), this.#goodbyeMs);
    this.socket.once('close', () => clearTimeout(timer));
  }
}
