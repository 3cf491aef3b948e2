import { isIPv4 } from 'node:net';
import type { DataConnection } from './data-connection.ts';

/** What PASV, EPSV, PORT or EPRT prepared: it gives the one data connection of the next transfer. */
export interface DataConnector {
  /**
   * The data connection; {@link close} ends it too.
   * @throws ReplyError 425 when there is none in time; the signal's reason when it is aborted
   */
  connection(signal: AbortSignal): Promise<DataConnection>;
  /** The data connection, once the client has made it. */
  readonly arrived: DataConnection | undefined;
  /** Frees the port and drops the connection, used or not. */
  close(): void;
}

/** How data connections are made. */
export interface DataConnectionOptions {
  /** The IPv4 address that PASV tells to clients that are not on this machine, where a router translates addresses. */
  readonly passiveAddress?: string;
  /** The ports on which clients are waited for, both included; by default any that the system has free. */
  readonly passivePorts?: PortRange;
  /** Whether PORT and EPRT are taken: the server then connects to the client. */
  readonly activeMode: boolean;
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Bytes that a data connection reads ahead or holds to be written. */
export const dataBufferBytes = 1_048_576;

/** An IPv4 address as such, also when the system tells it in the IPv6 form of a dual-stack socket. */
export function plainAddress(address: string): string {
  const mapped = address.replace(/^::ffff:/i, '');
  return isIPv4(mapped) ? mapped : address;
}
