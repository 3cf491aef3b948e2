import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Stands before an FTP server on all its ports, so that a test can break connections as a bad network does. The server
 * listens on the same ports of another address; EPSV (RFC 2428) names ports only, so its data connections come here, too.
 */
export class TcpProxy {
  readonly #from: string;
  readonly #to: string;
  readonly #controlPort: number;
  readonly #servers: Server[] = [];
  readonly #control = new Set<Socket>();
  readonly #data = new Set<Socket>();
  #waiting: { readonly bytes: number; readonly reached: () => void } | undefined;
  #moved = 0;
  #mostSessions = 0;

  private constructor(from: string, to: string, controlPort: number) {
    this.#from = from;
    this.#to = to;
    this.#controlPort = controlPort;
  }

  static async start(
    from: string,
    to: string,
    controlPort: number,
    dataPorts: readonly number[],
  ): Promise<TcpProxy> {
    const proxy = new TcpProxy(from, to, controlPort);
    for (const port of [controlPort, ...dataPorts]) await proxy.#listen(port);
    return proxy;
  }

  /** Resolves when so many bytes more have gone over data connections. */
  moved(bytes: number): Promise<void> {
    return new Promise((reached) => {
      this.#moved = 0;
      this.#waiting = { bytes, reached };
    });
  }

  /** RST on both sides of every data connection. */
  resetData(): void {
    for (const socket of this.#data) socket.resetAndDestroy();
  }

  /** RST on both sides of every connection. */
  resetAll(): void {
    this.resetData();
    for (const socket of this.#control) socket.resetAndDestroy();
  }

  /** Nothing comes through any more, and nobody is told. */
  freeze(): void {
    for (const socket of [...this.#control, ...this.#data]) socket.unpipe().pause();
  }

  /** Control connections that were open at the same time. */
  get mostSessions(): number {
    return this.#mostSessions;
  }

  async stop(): Promise<void> {
    this.resetAll();
    await Promise.all(
      this.#servers.splice(0).map((server) => {
        const closed = once(server, 'close');
        server.close();
        return closed;
      }),
    );
  }

  async #listen(port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (client) => this.#join(client, port));
    server.listen(port, this.#from);
    await once(server, 'listening');
    this.#servers.push(server);
  }

  #join(client: Socket, port: number): void {
    const isData = port !== this.#controlPort;
    const kind = isData ? this.#data : this.#control;
    const server = connect({ port, host: this.#to, allowHalfOpen: true });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      kind.add(socket);
      socket.on('error', () => other.resetAndDestroy());
      socket.on('close', () => kind.delete(socket)); // What it sent before is still on its way to the other.
      if (isData) socket.on('data', (chunk: Buffer) => this.#count(chunk.length));
      socket.pipe(other);
    }
    this.#mostSessions = Math.max(this.#mostSessions, this.#control.size / 2);
  }

  #count(bytes: number): void {
    this.#moved += bytes;
    if (!this.#waiting || this.#moved < this.#waiting.bytes) return;
    this.#waiting.reached();
    this.#waiting = undefined;
  }
}
