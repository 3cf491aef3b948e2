import packageJson from '../../package.json' with { type: 'json' };
import type { Configuration } from '../config/configuration.ts';
import { startFtpServer } from '../ftp/server.ts';
import type { Log } from '../log/log.ts';
import { matchesAccount } from '../servers/account.ts';
import type { RunningServer } from '../servers/server-process.ts';
import { explainListenError, StartError } from '../servers/start-error.ts';
import { SqliteCatalogue } from './catalogue/sqlite-catalogue.ts';
import { Pool } from './pool/pool.ts';
import { reportStatus, reportWhere } from './site-reports.ts';
import { SplitFileSystem } from './split-file-system.ts';
import { Collector } from './upkeep/collector.ts';
import { SegmentLeases } from './upkeep/segment-leases.ts';

/**
 * Starts the coordinator: what the last run left unfinished is given up first, then clients are let in. Storage
 * servers that are down do not keep it from starting.
 * @throws StartError when its folder or port cannot be used
 */
export async function runCoordinator(configuration: Configuration, log: Log): Promise<RunningServer> {
  const { coordinator, layout } = configuration;
  const catalogue = openCatalogue(coordinator.folder);
  const pool = new Pool(catalogue.pool, configuration.storageServers, log);
  const leases = new SegmentLeases();
  const collector = new Collector(catalogue, pool, leases, log);
  const close = async () => {
    await collector.stop();
    pool.close();
    await catalogue.close();
  };
  try {
    const unfinished = await catalogue.abandonUnfinished();
    if (unfinished > 0)
      log.warn({ segments: unfinished }, 'uploads were cut off by the last end; their parts are removed');
    const fileSystem = new SplitFileSystem({ catalogue, pool, layout, leases, collector, log });
    const server = await startFtpServer({
      host: coordinator.host,
      port: coordinator.port,
      log,
      greeting: 'SplitFTP ready',
      login: async (user, password) =>
        matchesAccount(coordinator.account, user, password) ? fileSystem : undefined,
      site: new Map([
        ['STATUS', () => reportStatus(catalogue, pool, configuration, packageJson.version)],
        ['WHERE', (path: string) => reportWhere(catalogue, pool, path)],
      ]),
    });
    collector.wake();
    for (const storageServer of pool.servers) void storageServer.probe(); // A failure is logged by the server.
    return {
      port: server.port,
      announcement: `coordinator on ftp://${coordinator.host}:${server.port}, folder ${coordinator.folder}`,
      close: async () => {
        await server.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw explainListenError(error, {
      host: coordinator.host,
      port: coordinator.port,
      hostVariable: 'FTP_HOST',
      portVariable: 'FTP_PORT',
    });
  }
}

function openCatalogue(folder: string): SqliteCatalogue {
  try {
    return new SqliteCatalogue(folder);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(
      `The coordinator's folder ${folder} (FTP_SERVER_DIR) cannot be used: ${reason}. Make it writable or set FTP_SERVER_DIR to another folder.`,
      { cause: error },
    );
  }
}
