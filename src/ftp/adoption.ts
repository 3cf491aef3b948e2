/**
 * Where ftp-srv ends and this engine begins.
 *
 * ftp-srv keeps the listener, the greeting, the life of a connection and the writing of replies. Its command
 * parsing and transfers lose data (split lines, REST, ABOR, resets), so every connection is adopted when it is
 * accepted: ftp-srv emits `connect` synchronously, before it greets and before the socket flows, and at that
 * moment its reader is taken off the socket.
 */
import type { EventEmitter } from 'node:events';
import { Server, Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { FtpSrv } from 'ftp-srv';
import type { Log } from '../log/log.ts';

/** What of a ftp-srv connection is used; checked when one is adopted. */
export interface AdoptedConnection {
  readonly id: string;
  readonly commandSocket: Socket;
  /** Writes a line; resolves once it is written, also when the client is gone. */
  reply(code: number, letter: { raw: true; message: string; socket: Socket }): PromiseLike<unknown>;
}

export interface AdoptingServer {
  readonly port: number;
  /**
   * Stops listening; resolves when every connection is closed, which is up to who adopted them.
   * @param adoptedClosed resolves when they have done so; what is then left is a TLS handshake of nobody's session
   */
  close(adoptedClosed: Promise<unknown>): Promise<void>;
}

export interface AdoptionOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly greeting: string;
  readonly log: Log;
  /** Further ones are closed without a word, before anything is done for them. */
  readonly mostConnections: number;
  /** Connections begin with TLS. */
  readonly implicitTls?: TlsOptions;
  adopt(connection: AdoptedConnection): void;
}

/** Rejects with the system's error (EADDRINUSE, EACCES ...) when it cannot listen. */
export async function listenAndAdopt(options: AdoptionOptions): Promise<AdoptingServer> {
  const { log } = options;
  const ftpSrv = createFtpSrv(options);
  const events: EventEmitter = ftpSrv;
  events.on('client-error', (event: unknown) => {
    log.debug({ err: fieldOf(event, 'error') }, 'control connection failed');
  });
  events.on('connect', (event: unknown) => {
    const connection = fieldOf(event, 'connection');
    if (!isAdoptable(connection)) throw new TypeError('this is not the ftp-srv that the engine is made for');
    connection.commandSocket.removeAllListeners('data');
    // Else ftp-srv starts a timer of its own for each connection that ends.
    const connections = fieldOf(ftpSrv, 'connections');
    if (connections instanceof Object) Reflect.deleteProperty(connections, connection.id);
    options.adopt(connection);
  });

  const listener = fieldOf(ftpSrv, 'server');
  if (!(listener instanceof Server))
    throw new TypeError('this is not the ftp-srv that the engine is made for');
  listener.maxConnections = options.mostConnections;
  const sockets = new Set<Socket>();
  listener.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  listener.on('tlsClientError', (error: Error, socket: Socket) => {
    socket.destroy(); // One that takes too long is still open.
    log.debug({ reason: error.message }, 'TLS handshake failed');
  });

  await ftpSrv.listen();
  // Not before: what keeps it from listening is this function's own rejection.
  events.on('server-error', (event: unknown) =>
    log.error({ err: fieldOf(event, 'error') }, 'listener failed'),
  );
  return {
    port: portOf(listener),
    close: async (adoptedClosed) => {
      const closed = ftpSrv.close();
      await adoptedClosed;
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function createFtpSrv(options: AdoptionOptions): FtpSrv {
  const { host, port, greeting, log, implicitTls } = options;
  const signals = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;
  const before = new Set(signals.flatMap((signal) => process.listeners(signal)));
  const ftpSrv = withoutDeprecationWarnings(
    () =>
      new FtpSrv({
        url: `${implicitTls ? 'ftps' : 'ftp'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
        greeting,
        ...(implicitTls && { tls: implicitTls }),
        // At its lowest level it writes whole command lines, passwords included.
        log: log.child({}, { level: 'silent' }),
      }),
  );
  // Its constructor makes the whole process exit on these; when to end is for the program to say.
  for (const signal of signals) {
    for (const listener of process.listeners(signal)) {
      if (!before.has(listener)) process.removeListener(signal, listener);
    }
  }
  return ftpSrv;
}

/** ftp-srv parses its address with `url.parse()`; once bundled, Node takes that for this program's own code. */
function withoutDeprecationWarnings<T>(create: () => T): T {
  const before = process.noDeprecation;
  process.noDeprecation = true;
  try {
    return create();
  } finally {
    if (before === undefined) delete process.noDeprecation;
    else process.noDeprecation = before;
  }
}

function isAdoptable(connection: unknown): connection is AdoptedConnection {
  return (
    typeof fieldOf(connection, 'id') === 'string' &&
    fieldOf(connection, 'commandSocket') instanceof Socket &&
    typeof fieldOf(connection, 'reply') === 'function'
  );
}

function portOf(server: Server): number {
  const address = server.address();
  if (!address || typeof address === 'string') throw new TypeError('ftp-srv does not listen on a port');
  return address.port;
}

function fieldOf(value: unknown, name: string): unknown {
  return value instanceof Object ? Reflect.get(value, name) : undefined;
}
