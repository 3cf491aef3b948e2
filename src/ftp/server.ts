import type { Log } from '../log/log.ts';
import { listenAndAdopt } from './adoption.ts';
import type { DataConnectionOptions } from './data-connector.ts';
import { defaultLimits, type Limits } from './limits.ts';
import type { LoginResult } from './login-result.ts';
import { Session, type SiteCommand } from './session.ts';

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
  /** Ends every session; resolves when their transfers, sockets and files are freed. */
  close(): Promise<void>;
}

/** Rejects with the system's error (code EADDRINUSE, EACCES ...) when it cannot listen. */
export async function startFtpServer(options: FtpServerOptions): Promise<FtpServer> {
  const { host, port, greeting, log } = options;
  const sessions = new Set<Session>();
  const goodbye = { code: 421, text: 'The server is ending.' };
  let closing = false;

  const server = await listenAndAdopt({
    host,
    port,
    greeting,
    log,
    adopt: (connection) => {
      const session = new Session(connection, {
        log,
        limits: { ...defaultLimits, ...options.limits },
        site: options.site ?? new Map(),
        dataConnections: options.dataConnections ?? { activeMode: false },
        login: (user, password, address) => options.login(user, password, address),
      });
      sessions.add(session);
      void session.ended.then(() => sessions.delete(session));
      // Accepted between the decision to close and the end of the listener.
      if (closing) void session.close(goodbye);
    },
  });

  return {
    port: server.port,
    close: async () => {
      closing = true;
      const closed = server.close();
      await Promise.all([...sessions].map((session) => session.close(goodbye)));
      await closed;
    },
  };
}
