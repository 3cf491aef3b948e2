import type { TlsOptions } from 'node:tls';
import type { Log } from '../log/log.ts';
import { Admission } from './access/admission.ts';
import type { LoginResult } from './access/login-result.ts';
import { LoginThrottle } from './access/login-throttle.ts';
import { turnAway } from './access/turn-away.ts';
import { type AdoptedConnection, type AdoptingServer, listenAndAdopt } from './adoption.ts';
import type { DataConnectionOptions } from './data/data-connector.ts';
import { plainAddress } from './data/data-connector.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { Session, type SiteCommand } from './session.ts';
import { type FtpTls, tlsSettings } from './tls.ts';

export type { Login, LoginResult } from './access/login-result.ts';
export type { SiteCommand } from './session.ts';
export type { FtpTls } from './tls.ts';

export interface FtpServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly log: Log;
  readonly greeting: string;
  /** @param address the client's, IPv4 where it can be written so */
  login(user: string, password: string, address: string): Promise<LoginResult>;
  /** What `SITE NAME argument` does, by NAME in upper case, where a login brings no such map of its own. */
  readonly site?: ReadonlyMap<string, SiteCommand>;
  readonly limits?: Partial<Limits>;
  readonly tls?: FtpTls;
  /** Without: any free port for PASV and EPSV, and no active mode. */
  readonly dataConnections?: DataConnectionOptions;
}

export interface FtpServer {
  readonly port: number;
  /** Sessions that are open now. */
  readonly sessionCount: number;
  /** Where clients begin with TLS, if that is another port. */
  readonly implicitPort?: number;
  /** Ends every session; resolves when their transfers, sockets and files are freed. */
  close(): Promise<void>;
}

/**
 * Rejects with the system's error (code EADDRINUSE, EACCES ...) when it cannot listen, which names the port, and with
 * OpenSSL's when certificate and key are not usable.
 */
export async function startFtpServer(options: FtpServerOptions): Promise<FtpServer> {
  const { host, port, greeting, log, tls } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const settings = tls && tlsSettings(tls, limits.tlsHandshakeMs);
  const sessions = new Set<Session>();
  const admission = new Admission(limits);
  const throttle = new LoginThrottle(limits);
  const goodbye = { code: 421, text: 'The server is ending.' };
  let closing = false;

  const adopt = (connection: AdoptedConnection) => {
    const { commandSocket } = connection;
    const address = plainAddress(commandSocket.remoteAddress ?? '');
    const place = admission.connection(address);
    if ('refused' in place) {
      log.warn({ event: 'refused', address, reason: place.refused }, 'connection refused');
      turnAway(commandSocket, place.refused, limits.goodbyeMs);
      return;
    }
    const session = new Session(connection, {
      log,
      limits,
      admission,
      throttle,
      site: options.site ?? new Map(),
      dataConnections: options.dataConnections ?? { activeMode: false },
      login: (user, password, address) => options.login(user, password, address),
      ...(tls && settings && { tls: { ...tls, settings } }),
    });
    sessions.add(session);
    void session.ended.then(() => {
      sessions.delete(session);
      place.leave();
    });
    // Accepted between the decision to close and the end of the listener.
    if (closing) void session.close(goodbye);
  };

  const listen = (listenPort: number, implicitTls: TlsOptions | undefined) =>
    listenAndAdopt({
      host,
      port: listenPort,
      greeting,
      log,
      adopt,
      // As many again may be in a TLS handshake, or about to read that there is no place for them.
      mostConnections: 2 * limits.connections,
      ...(implicitTls && { implicitTls }),
    });

  const close = async (...listeners: AdoptingServer[]) => {
    closing = true;
    const closed = Promise.withResolvers<void>();
    const listenersClosed = Promise.all(listeners.map((listener) => listener.close(closed.promise)));
    await Promise.all([...sessions].map((session) => session.close(goodbye)));
    closed.resolve();
    await listenersClosed;
  };

  const running = (main: AdoptingServer, beside?: AdoptingServer): FtpServer => {
    const ports = { port: main.port, ...(beside && { implicitPort: beside.port }) };
    log.info({ event: 'started', host, ...ports }, 'server started');
    return {
      ...ports,
      get sessionCount() {
        return sessions.size;
      },
      close: async () => {
        await close(main, ...(beside ? [beside] : []));
        log.info({ event: 'stopped', ...ports }, 'server stopped');
      },
    };
  };

  const { implicit } = tls ?? {};
  const main = await listen(port, implicit === 'only' ? settings : undefined);
  if (!implicit || implicit === 'only') return running(main);
  try {
    return running(main, await listen(implicit.port, settings));
  } catch (error) {
    await close(main);
    throw error;
  }
}
