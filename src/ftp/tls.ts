/**
 * TLS on the server's side: explicit (RFC 4217) and implicit, for control and data connections.
 *
 * Node's `tls.Server` does the handshakes, also where it does not listen: sockets are handed to it. Each session has one
 * of its own, so that the secured socket it gives out is known to be the one that was handed in last.
 */
import { constants, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';

/** How a server speaks TLS. */
export interface FtpTls {
  /** PEM: the certificate, and what it is signed by, if anything. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  /** Nobody logs in, and no data moves, without TLS. */
  readonly required: boolean;
  /** TLS from the first byte: on a port of its own beside the usual one, or on that alone. None without it. */
  readonly implicit?: { readonly port: number } | 'only';
  /**
   * An upload over TLS whose end is not authenticated by TLS (close_notify) is not committed, unless its size was
   * announced. For servers whose clients check sizes themselves, to spare its cost.
   */
  readonly trustsEndOfData?: boolean;
}

/** TLS 1.3's, then TLS 1.2's with forward secrecy and authenticated encryption; AES-128 first, which is the fastest. */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** Of what a secured connection reads ahead or holds to be written, in bytes. */
const bufferBytes = 1_048_576;

/** A session may be resumed for so long, in seconds: clients resume that of the control connection for the data. */
const sessionSeconds = 86_400;

/**
 * The settings of every TLS connection of one server.
 * @throws Error when the certificate or the key cannot be used
 */
export function tlsSettings({ certificate, key }: FtpTls, handshakeMs: number): TlsOptions {
  return {
    cert: certificate,
    key,
    minVersion: 'TLSv1.2',
    ciphers,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    // The same for all, so that what one connection began another resumes, and nobody else's server can.
    ticketKeys: randomBytes(48),
    sessionIdContext: randomBytes(16).toString('hex'),
    sessionTimeout: sessionSeconds,
    handshakeTimeout: handshakeMs,
    highWaterMark: bufferBytes,
  };
}

/** Secures the connections of one session, one after the other. */
export class TlsUpgrade {
  readonly #server: Server;
  #pending: ((socket: TLSSocket) => void) | undefined;

  /** @param onFailure hears why a handshake failed */
  constructor(settings: TlsOptions, onFailure: (error: Error) => void) {
    this.#server = createServer(settings);
    this.#server.on('tlsClientError', (error, socket) => {
      socket.destroy(); // One that takes too long is still open.
      onFailure(error);
    });
    this.#server.on('secureConnection', (socket) => {
      // Nobody listens to the socket yet; a failure shows when it is used.
      socket.on('error', () => undefined);
      this.#pending?.(socket);
    });
  }

  /**
   * Begins the handshake at once: no byte that comes from now on is taken for plain text.
   * Rejects when it fails or takes too long; the connection is then destroyed.
   * @param onSecured is called when the handshake is done, before anything more is sent
   */
  async secure(connection: Duplex, onSecured?: (socket: TLSSocket) => void): Promise<TLSSocket> {
    // Of one that is closed nothing more would be heard.
    if (connection.destroyed) throw new Error('the connection is closed');
    const pending = Promise.withResolvers<TLSSocket>();
    const fail = () => pending.reject(new Error('the TLS handshake failed'));
    this.#pending = (socket) => {
      onSecured?.(socket);
      pending.resolve(socket);
    };
    connection.once('close', fail);
    this.#server.emit('connection', connection);
    try {
      const socket = await pending.promise;
      // Node says so from within OpenSSL, which has its session tickets still to send: an end of data would be lost.
      await nextTurn();
      return socket;
    } finally {
      connection.off('close', fail);
      this.#pending = undefined;
    }
  }
}
