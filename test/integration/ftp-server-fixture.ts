import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { DataConnectionOptions } from '../../src/ftp/data/data-connector.ts';
import type { FileSystem } from '../../src/ftp/file-system.ts';
import type { Limits } from '../../src/ftp/limits.ts';
import { type FtpServer, type FtpTls, type SiteCommand, startFtpServer } from '../../src/ftp/server.ts';
import { createLog, type Log } from '../../src/log/log.ts';
import { Folder } from '../../src/storage/folder.ts';
import type { CertificatePair } from '../../src/tls/generate.ts';
import { testCertificate } from '../certificate.ts';

export interface Fixture {
  readonly port: number;
  readonly server: FtpServer;
  readonly root: string;
  readonly folder: Folder;
}

export interface FixtureOptions {
  readonly limits?: Partial<Limits>;
  readonly site?: ReadonlyMap<string, SiteCommand>;
  readonly dataConnections?: DataConnectionOptions;
  readonly host?: string;
  /** Of the one account, whose name is `u`. */
  readonly password?: string;
  readonly log?: Log;
  /** TLS, with the tests' certificate unless there is another one here. */
  readonly tls?: Omit<FtpTls, keyof CertificatePair> & Partial<CertificatePair>;
  /** Puts something in front of the folder. */
  readonly wrap?: (folder: Folder) => FileSystem;
}

/** An engine on a real folder, for one test; everything is gone when the test has ended. */
export async function startFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const {
    limits,
    site,
    wrap,
    host = '127.0.0.1',
    dataConnections,
    tls,
    log,
    password: secret = 'p',
  } = options;
  const root = await temporaryFolder();
  const folder = await Folder.open(root);
  const files = wrap ? wrap(folder) : folder;
  const server = await startFtpServer({
    host,
    port: 0,
    log: log ?? createLog('test', 'silent'),
    greeting: 'Test',
    login: async (user, password) =>
      user === 'u' && password === secret ? { fileSystem: files } : { refused: 'wrong-password' },
    site: site ?? new Map(),
    ...(tls && { tls: { ...(await testCertificate()), ...tls } }),
    ...(dataConnections && { dataConnections }),
    limits: { failedLoginDelayMs: 1, ...limits },
  });
  onTestFinished(() => server.close());
  return { port: server.port, server, root, folder };
}

export async function temporaryFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'splitftp-test-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}
