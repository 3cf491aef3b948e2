import type { Socket } from 'node:net';
import { ActiveConnector, type ClientPort } from './active-connector.ts';
import type { DataSecurity } from './data-connection.ts';
import { type DataConnectionOptions, type DataConnector, plainAddress } from './data-connector.ts';
import { PassiveListener } from './passive-listener.ts';

/** The data connection that a session's client has prepared for its next transfer: one at most. */
export class PreparedConnection {
  /** After EPSV ALL (RFC 2428, section 4). */
  onlyExtendedPassive = false;
  readonly options: DataConnectionOptions;
  readonly #control: Socket;
  readonly #timeoutMs: number;
  readonly #closing: AbortSignal;
  #connector: DataConnector | undefined;

  /**
   * @param timeoutMs for the data connection to be made
   * @param closing aborted when the session ends
   */
  constructor(control: Socket, options: DataConnectionOptions, timeoutMs: number, closing: AbortSignal) {
    this.#control = control;
    this.options = options;
    this.#timeoutMs = timeoutMs;
    this.#closing = closing;
  }

  /** Undefined when nothing is prepared. */
  get connector(): DataConnector | undefined {
    return this.#connector;
  }

  /**
   * Waits for the client; what was prepared before is closed. Gives the port.
   * @param security what the connection will be secured by
   * @throws ReplyError 425 when no port can be had
   */
  async listen(security: DataSecurity | undefined): Promise<number> {
    this.close();
    const { passivePorts } = this.options;
    const listener = await PassiveListener.open(this.#control, this.#timeoutMs, passivePorts, security);
    this.#connector = listener;
    if (this.#closing.aborted) this.close();
    return listener.port;
  }

  /** Has the next transfer connect to the client; what was prepared before is closed. */
  connectTo(client: ClientPort): void {
    this.close();
    const localAddress = plainAddress(this.#control.localAddress ?? '');
    this.#connector = new ActiveConnector(client, localAddress, this.#timeoutMs);
  }

  close(): void {
    this.#connector?.close();
    this.#connector = undefined;
  }
}
