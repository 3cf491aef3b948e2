import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { ReplyError } from '../replies.ts';
import { DataConnection, type DataSecurity } from './data-connection.ts';
import { type DataConnector, dataBufferBytes, type PortRange, plainAddress } from './data-connector.ts';

/**
 * Waits on a port of its own for the one data connection of a transfer (RFC 959, PASV; RFC 2428, EPSV). Only the
 * address of the control connection's client may come; others are turned away without a word.
 */
export class PassiveListener implements DataConnector {
  readonly port: number;
  readonly #server: Server;
  readonly #accepted = Promise.withResolvers<DataConnection>();
  readonly #expiry: NodeJS.Timeout;
  #waiting: DataConnection | undefined;

  /**
   * Listens on the address that the client reached.
   * @param security what the connection will be secured by
   * @throws ReplyError 425 when no port can be had
   */
  static async open(
    control: Socket,
    timeoutMs: number,
    ports?: PortRange,
    security?: DataSecurity,
  ): Promise<PassiveListener> {
    const { localAddress, remoteAddress } = control;
    if (!localAddress || !remoteAddress) throw new ReplyError(425, 'The control connection is closed.');
    const host = plainAddress(localAddress);
    for (const port of portsToTry(ports)) {
      const server = await listen(host, port);
      if (server) return new PassiveListener(server, plainAddress(remoteAddress), timeoutMs, security);
    }
    throw new ReplyError(425, 'No port for a data connection is free; try again later.');
  }

  private constructor(server: Server, client: string, timeoutMs: number, security?: DataSecurity) {
    const address = server.address();
    if (!address || typeof address === 'string') throw new TypeError('a data listener has no port');
    this.port = address.port;
    this.#server = server;
    // Nobody may ever ask for the connection.
    this.#accepted.promise.catch(() => undefined);
    server.on('error', () => this.close());
    server.on('connection', (socket: Socket) => {
      // A failure shows when the socket is used.
      socket.on('error', () => undefined);
      if (this.#waiting || plainAddress(socket.remoteAddress ?? '') !== client) {
        socket.destroy();
        return;
      }
      clearTimeout(this.#expiry);
      server.close();
      const connection = new DataConnection(socket);
      if (security) connection.takeEarlyHandshake(security);
      this.#waiting = connection;
      this.#accepted.resolve(connection);
    });
    this.#expiry = setTimeout(() => this.close(), timeoutMs);
  }

  get arrived(): DataConnection | undefined {
    return this.#waiting;
  }

  async connection(signal: AbortSignal): Promise<DataConnection> {
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([this.#accepted.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  close(): void {
    clearTimeout(this.#expiry);
    this.#server.close();
    this.#waiting?.destroy();
    this.#accepted.reject(new ReplyError(425, 'The data connection did not come in time.'));
  }
}

/** Every port of the range once, from a random one on, so that the next one cannot be told; 0 lets the system choose. */
function* portsToTry(ports: PortRange | undefined): Generator<number> {
  if (!ports) {
    yield 0;
    return;
  }
  const count = ports.last - ports.first + 1;
  const start = randomInt(count);
  for (let index = 0; index < count; index++) yield ports.first + ((start + index) % count);
}

/** Undefined when the port is taken, or may not be had by this user. */
async function listen(host: string, port: number): Promise<Server | undefined> {
  const server = createServer({ pauseOnConnect: true, highWaterMark: dataBufferBytes });
  try {
    server.listen({ host, port });
    await once(server, 'listening');
    return server;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE' || code === 'EACCES') return undefined;
    throw error;
  }
}
