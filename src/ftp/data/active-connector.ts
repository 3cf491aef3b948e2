import { connect, type Socket } from 'node:net';
import { ReplyError } from '../replies.ts';
import { DataConnection } from './data-connection.ts';
import { type DataConnector, dataBufferBytes } from './data-connector.ts';

/** Where a client waits for its data connection; checked by whoever makes one. */
export interface ClientPort {
  /** That of the control connection's client. */
  readonly address: string;
  readonly port: number;
}

/** Connects to the client when the transfer begins (RFC 959, PORT; RFC 2428, EPRT). */
export class ActiveConnector implements DataConnector {
  readonly #client: ClientPort;
  readonly #localAddress: string;
  readonly #timeoutMs: number;
  /** The server connects when the transfer begins. */
  readonly arrived = undefined;
  #socket: Socket | undefined;

  /** @param localAddress the one that the client reached, which is where it expects the connection from */
  constructor(client: ClientPort, localAddress: string, timeoutMs: number) {
    this.#client = client;
    this.#localAddress = localAddress;
    this.#timeoutMs = timeoutMs;
  }

  async connection(signal: AbortSignal): Promise<DataConnection> {
    signal.throwIfAborted();
    const { address, port } = this.#client;
    // From any port of the system's choice: port 20 would need a privileged server (RFC 2577, section 3).
    const options = { host: address, port, localAddress: this.#localAddress, highWaterMark: dataBufferBytes };
    const socket = connect(options);
    this.#socket = socket;
    const connected = Promise.withResolvers<void>();
    const fail = () =>
      connected.reject(new ReplyError(425, `No data connection to port ${port} can be made.`));
    const onAbort = () => connected.reject(signal.reason);
    const timer = setTimeout(fail, this.#timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    // It stays: a failure later shows when the socket is used.
    socket.on('error', fail);
    socket.once('close', fail);
    socket.once('connect', connected.resolve);
    try {
      await connected.promise;
      return new DataConnection(socket);
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  close(): void {
    this.#socket?.destroy();
  }
}
