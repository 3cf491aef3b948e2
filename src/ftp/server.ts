import type { Log } from '../log/log.ts';
import { Admission } from './admission.ts';
import { listenAndAdopt } from './adoption.ts';
import type { DataConnectionOptions } from './data-connector.ts';
import { plainAddress } from './data-connector.ts';
import { defaultLimits, type Limits } from './limits.ts';
import type { LoginResult } from './login-result.ts';
import { LoginThrottle } from './login-throttle.ts';
import { Session, type SiteCommand } from './session.ts';
import { turnAway } from './turn-away.ts';

export type { Login, LoginResult } from './login-result.ts';
export type { SiteCommand } from './session.ts';

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
  /** Without: any free port for PASV and EPSV, and no active mode. */
  readonly dataConnections?: DataConnectionOptions;
}

export interface FtpServer {
  readonly port: number;
  /** Sessions that are open now. */
  readonly sessionCount: number;
  /** Ends every session; resolves when their transfers, sockets and files are freed. */
  close(): Promise<void>;
}

/** Rejects with the system's error (code EADDRINUSE, EACCES ...) when it cannot listen. */
export async function startFtpServer(options: FtpServerOptions): Promise<FtpServer> {
  const { host, port, greeting, log } = options;
  const sessions = new Set<Session>();
  const limits = { ...defaultLimits, ...options.limits };
  const admission = new Admission(limits);
  const throttle = new LoginThrottle(limits);
  const goodbye = { code: 421, text: 'The server is ending.' };
  let closing = false;

  const server = await listenAndAdopt({
    host,
    port,
    greeting,
    log,
    adopt: (connection) => {
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
      });
      sessions.add(session);
      void session.ended.then(() => {
        sessions.delete(session);
        place.leave();
      });
      // Accepted between the decision to close and the end of the listener.
      if (closing) void session.close(goodbye);
    },
  });

  log.info({ event: 'started', host, port: server.port }, 'server started');
  return {
    port: server.port,
    get sessionCount() {
      return sessions.size;
    },
    close: async () => {
      closing = true;
      const closed = server.close();
      await Promise.all([...sessions].map((session) => session.close(goodbye)));
      await closed;
      log.info({ event: 'stopped', port: server.port }, 'server stopped');
    },
  };
}
