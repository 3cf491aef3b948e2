/** A client without any cleverness: it says what a test tells it to, in the segments it is told to. */
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawReply {
  readonly code: number;
  /** Whole, with codes, lines joined by `\n`. */
  readonly text: string;
}

export class RawClient {
  readonly socket: Socket;
  /** What carries commands and replies: the socket, or TLS on it. */
  #channel: Socket;
  readonly #replies: RawReply[] = [];
  readonly #arrivals = new EventEmitter();
  #text = '';
  #closed = false;

  /** Connects and takes the greeting. */
  static async connect(port: number, host = '127.0.0.1', localAddress?: string): Promise<RawClient> {
    const client = new RawClient(port, host, localAddress);
    await client.reply();
    return client;
  }

  static async login(port: number, user = 'u', password = 'p', host = '127.0.0.1'): Promise<RawClient> {
    const client = await RawClient.connect(port, host);
    await client.ask(`USER ${user}`);
    const { text } = await client.ask(`PASS ${password}`);
    if (!text.startsWith('230')) throw new Error(text);
    return client;
  }

  private constructor(port: number, host: string, localAddress: string | undefined) {
    this.socket = connect({ host, port, ...(localAddress !== undefined && { localAddress }) });
    this.socket.setNoDelay(true);
    this.socket.on('error', () => undefined);
    this.#channel = this.socket;
    this.socket.on('data', this.#onData);
    this.socket.on('close', () => {
      this.#closed = true;
      this.#arrivals.emit('arrival');
    });
  }

  send(text: string | Uint8Array): void {
    this.#channel.write(text);
  }

  /** Everything from now on goes over TLS that stands on the socket. */
  secureWith(secured: Socket): void {
    this.socket.removeListener('data', this.#onData);
    this.#channel = secured;
    secured.on('data', this.#onData);
  }

  /** Sends a command and gives its reply. */
  async ask(command: string): Promise<RawReply> {
    this.send(`${command}\r\n`);
    return this.reply();
  }

  /** The next reply; rejects when the server hangs up first. */
  async reply(): Promise<RawReply> {
    for (;;) {
      const reply = this.#replies.shift();
      if (reply) return reply;
      if (this.#closed) throw new Error('the server hung up');
      await once(this.#arrivals, 'arrival');
    }
  }

  async codes(count: number): Promise<number[]> {
    const codes: number[] = [];
    while (codes.length < count) codes.push((await this.reply()).code);
    return codes;
  }

  /** The port of a new passive listener. */
  async passivePort(): Promise<number> {
    const { text } = await this.ask('EPSV');
    return Number(/\(\|\|\|(\d+)\|\)/.exec(text)?.[1]);
  }

  /** A new data connection. */
  async data(localAddress = this.socket.localAddress): Promise<Socket> {
    return connectData(await this.passivePort(), localAddress, this.socket.remoteAddress);
  }

  /** Uploads or downloads whole files the simple way. */
  async store(command: string, content: string | Uint8Array): Promise<RawReply> {
    const data = await this.data();
    this.send(`${command}\r\n`);
    const first = await this.reply();
    if (first.code !== 150) {
      data.destroy();
      return first;
    }
    data.end(content);
    return this.reply();
  }

  async retrieve(command: string): Promise<{ reply: RawReply; content: Buffer }> {
    const data = await this.data();
    this.send(`${command}\r\n`);
    const first = await this.reply();
    if (first.code !== 150) {
      data.destroy();
      return { reply: first, content: Buffer.alloc(0) };
    }
    const content = await readAll(data);
    return { reply: await this.reply(), content };
  }

  async closed(): Promise<void> {
    while (!this.#closed) await once(this.#arrivals, 'arrival');
  }

  destroy(): void {
    this.socket.destroy();
  }

  readonly #onData = (data: Buffer) => this.#take(data.toString());

  #take(text: string): void {
    this.#text += text;
    for (;;) {
      // Not `.`: names may hold U+2028, which is the end of a line to that alone.
      const match = /^(\d{3})(?: [^\n]*|-(?:[^\n]*\r\n)+?\1 [^\n]*)\r\n/.exec(this.#text);
      if (!match) return;
      this.#text = this.#text.slice(match[0].length);
      this.#replies.push({ code: Number(match[1]), text: match[0].trimEnd().replaceAll('\r\n', '\n') });
      this.#arrivals.emit('arrival');
    }
  }
}

export async function connectData(
  port: number,
  localAddress = '127.0.0.1',
  host = '127.0.0.1',
): Promise<Socket> {
  const socket = connect({ host, port, localAddress });
  await once(socket, 'connect');
  // What a test does not look at shall not end it.
  socket.on('error', () => undefined);
  return socket;
}

/** Everything up to the end; rejects when the connection is reset. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks);
}
