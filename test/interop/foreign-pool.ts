/** A coordinator with a bundled storage server 1 and somebody else's as storage server 2, behind a proxy. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Client, FTPError } from 'basic-ftp';
import { openSession, store } from '../integration/ftp-session.ts';
import { startServers, type TestServers } from '../integration/servers.ts';
import { expectOnlyParts } from '../integration/stored-parts.ts';
import { freePorts } from '../ports.ts';
import {
  type ForeignKind,
  type ForeignOptions,
  type ForeignServer,
  makeCertificate,
  startForeign,
} from './foreign-servers.ts';
import { TcpProxy } from './tcp-proxy.ts';

export type TlsMode = 'off' | 'explicit' | 'implicit';

/** Where the foreign server itself listens; the proxy has its ports on 127.0.0.1. */
const behind = '127.0.0.2';

export interface PoolOptions {
  readonly kind: ForeignKind;
  readonly tls?: TlsMode;
  readonly foreign?: Partial<ForeignOptions>;
  /** Lines of `.env`. */
  readonly env?: readonly string[];
  /** Of a disk in memory for the foreign server, as `mount` writes it. */
  readonly disk?: string;
}

export class ForeignPool {
  readonly servers: TestServers;
  readonly proxy: TcpProxy;
  readonly options: ForeignOptions;
  readonly #mounted: boolean;
  readonly #sessions: Client[] = [];
  #foreign: ForeignServer | undefined;

  private constructor(servers: TestServers, proxy: TcpProxy, options: ForeignOptions, mounted: boolean) {
    this.servers = servers;
    this.proxy = proxy;
    this.options = options;
    this.#mounted = mounted;
  }

  static async start({ kind, tls = 'off', foreign, env = [], disk }: PoolOptions): Promise<ForeignPool> {
    const servers = await startServers({ only: ['storage 1'] });
    const server = servers.configuration.storageServers.find(({ number }) => number === 2);
    if (!server) throw new Error('the fixture has no storage server 2');
    const { port, account, folder } = server;
    chmodSync(servers.folder, 0o711); // The foreign server's own user has to come through.
    await rm(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    if (disk !== undefined) execFileSync('mount', ['-t', 'tmpfs', '-o', disk, 'none', folder]);
    const dataPorts = await freePorts(60);
    const scratch = join(servers.folder, 'foreign');
    const certificate = makeCertificate(scratch);
    const options: ForeignOptions = {
      kind,
      host: behind,
      port,
      passivePorts: [dataPorts[0] ?? 0, dataPorts.at(-1) ?? 0],
      account,
      folder,
      scratch,
      ...(tls !== 'off' && { tls: { mode: tls, ...certificate } }),
      ...foreign,
    };
    const lines = [
      ...(tls === 'off'
        ? []
        : [`FTP_TLS2=${tls}`, `FTP_TLS_FINGERPRINT2=${fingerprintOf(certificate.cert)}`]),
      ...env,
    ];
    await appendFile(servers.envFile, `${lines.join('\n')}\n`);
    const proxy = await TcpProxy.start('127.0.0.1', behind, port, dataPorts);
    const pool = new ForeignPool(servers, proxy, options, disk !== undefined);
    await pool.startForeign();
    await servers.restart('coordinator');
    return pool;
  }

  get scratch(): string {
    return this.options.scratch;
  }

  /** @param changes of this start alone */
  async startForeign(changes: Partial<ForeignOptions> = {}): Promise<void> {
    this.#foreign = await startForeign({ ...this.options, ...changes });
  }

  async startForeignWithoutTls(): Promise<void> {
    const { tls: _, ...plain } = this.options;
    this.#foreign = await startForeign(plain);
  }

  async killForeign(): Promise<void> {
    await this.#foreign?.kill();
    this.#foreign = undefined;
  }

  /** A session with the coordinator, closed with the pool. */
  async session(): Promise<Client> {
    const session = await openSession(this.servers.configuration.coordinator);
    this.#sessions.push(session);
    return session;
  }

  /** Uploads over a session of its own. @returns why it failed, if it did */
  async tryStore(path: string, bytes: Buffer): Promise<string | undefined> {
    const session = await this.session();
    try {
      await store(session, path, bytes);
      return undefined;
    } catch (error) {
      return error instanceof FTPError ? error.message : `no reply: ${String(error)}`;
    } finally {
      session.close();
    }
  }

  /** Nothing lies on the storage servers but the parts of these files. */
  async expectOnlyPartsOf(...paths: string[]): Promise<void> {
    const parts = await Promise.all(paths.map((path) => this.servers.client().where(path)));
    await expectOnlyParts(this.servers, parts.flat());
  }

  async stop(): Promise<void> {
    for (const session of this.#sessions) session.close();
    await this.killForeign();
    await this.proxy.stop();
    if (this.#mounted) execFileSync('umount', ['--lazy', this.options.folder]);
    await this.servers.stop();
  }
}

export function fingerprintOf(certificate: string): string {
  return new X509Certificate(readFileSync(certificate)).fingerprint256;
}
