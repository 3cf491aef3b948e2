import { once } from 'node:events';
import { createServer, isIPv4, type Server, type Socket } from 'node:net';
import { ReplyError } from './replies.ts';

/** Bytes that a data connection reads ahead or holds to be written. */
const dataBufferBytes = 1_048_576;

/** An IPv4 address as such, also when the system tells it in the IPv6 form of a dual-stack socket. */
export function plainAddress(address: string): string {
  const mapped = address.replace(/^::ffff:/i, '');
  return isIPv4(mapped) ? mapped : address;
}

/**
 * Waits on a port of its own for the one data connection of a transfer (RFC 959, PASV; RFC 2428, EPSV). Only the
 * address of the control connection's client may come; others are turned away without a word.
 */
export class PassiveListener {
  readonly port: number;
  readonly #server: Server;
  readonly #accepted = Promise.withResolvers<Socket>();
  readonly #expiry: NodeJS.Timeout;
  #waiting: Socket | undefined;

  /** Listens on the address that the client reached; rejects when no port can be had. */
  static async open(control: Socket, timeoutMs: number): Promise<PassiveListener> {
    const { localAddress, remoteAddress } = control;
    if (!localAddress || !remoteAddress) throw new ReplyError(425, 'The control connection is closed.');
    const server = createServer({ pauseOnConnect: true, highWaterMark: dataBufferBytes });
    server.listen({ host: plainAddress(localAddress), port: 0 });
    await once(server, 'listening');
    return new PassiveListener(server, plainAddress(remoteAddress), timeoutMs);
  }

  private constructor(server: Server, client: string, timeoutMs: number) {
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
      this.#waiting = socket;
      this.#accepted.resolve(socket);
    });
    this.#expiry = setTimeout(() => this.close(), timeoutMs);
  }

  /**
   * The data connection; who takes it closes it.
   * @throws ReplyError 425 when none came in time; the signal's reason when it is aborted
   */
  async connection(signal: AbortSignal): Promise<Socket> {
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

  /** Stops listening and drops the connection, taken or not. */
  close(): void {
    clearTimeout(this.#expiry);
    this.#server.close();
    this.#waiting?.destroy();
    this.#accepted.reject(new ReplyError(425, 'The data connection did not come in time.'));
  }
}
