import packageJson from '../../package.json' with { type: 'json' };
import { Accounts } from '../accounts/accounts.ts';
import { Users } from '../accounts/users.ts';
import { UsersFileError } from '../accounts/users-file.ts';
import type { Configuration } from '../config/configuration.ts';
import { layoutFor } from '../config/layout.ts';
import { coordinatorVariables, tlsVariables } from '../config/variables.ts';
import { type FtpServer, startFtpServer } from '../ftp/server.ts';
import type { Log } from '../log/log.ts';
import { requirePasswordOutsideLoopback } from '../servers/exposure.ts';
import { type RunningServer, urlOf } from '../servers/server-process.ts';
import { coordinatorTls, describeTls } from '../servers/server-tls.ts';
import { explainListenError, failedPort, StartError } from '../servers/start-error.ts';
import { CatalogueInUseError, NewerCatalogueError } from './catalogue/catalogue-file.ts';
import { SqliteCatalogue } from './catalogue/sqlite-catalogue.ts';
import { ClientTraffic } from './client-traffic.ts';
import { Converter } from './convert/converter.ts';
import { crashPoint } from './crash-point.ts';
import { engineLimits } from './engine-limits.ts';
import { Journal } from './journal/journal.ts';
import { JournalledFileSystem } from './journal/journalled-file-system.ts';
import { Snapshots } from './journal/snapshots.ts';
import { Logins } from './logins.ts';
import { Pool } from './pool/pool.ts';
import { refuseLostCatalogue } from './rebuild/lost-catalogue.ts';
import { writePolicy } from './segments/write-policy.ts';
import { reportServer, reportStatus, reportWhere } from './site-reports.ts';
import { upkeepCommands } from './site-upkeep.ts';
import { SplitFileSystem } from './split-file-system.ts';
import { Collector } from './upkeep/collector.ts';
import { Leases } from './upkeep/leases.ts';
import { PartialExpiry } from './upkeep/partial-expiry.ts';
import { Upkeep } from './upkeep/upkeep.ts';
import type { Place } from './upload-segments.ts';

/** Milliseconds after which a coordinator that is to stop no longer waits for storage servers. */
const stopPatience = 1500;

/**
 * Starts the coordinator: what the last run left unfinished is given up first, then clients are let in. Storage
 * servers that are down do not keep it from starting.
 * @throws StartError when its folder, users file or port cannot be used
 */
export async function runCoordinator(configuration: Configuration, log: Log): Promise<RunningServer> {
  const { coordinator, layout, writeQuorum, partTimeout } = configuration;
  requirePasswordOutsideLoopback(coordinator.host, coordinator.account, coordinatorVariables.password);
  await refuseLostCatalogue(configuration, log);
  const catalogue = openCatalogue(coordinator.folder);
  const pool = new Pool(catalogue.pool, configuration.storageServers, log);
  const leases = new Leases();
  const traffic = new ClientTraffic();
  const collector = new Collector(catalogue, pool, leases, log);
  const upkeep = new Upkeep({
    catalogue,
    pool,
    leases,
    configuration: coordinator.upkeep,
    log,
    traffic,
    onGarbage: () => collector.wake(),
  });
  const journal = new Journal({
    poolId: catalogue.pool,
    outbox: catalogue.journal,
    pool,
    parityParts: layout.parityParts,
    log,
    onShipped: () => collector.wake(),
  });
  const policy = () => {
    const present = layoutFor(layout, upkeep.watch.staying);
    const parts = present.dataParts + present.parityParts;
    return writePolicy(
      present,
      writeQuorum && Math.min(writeQuorum, parts),
      partTimeout && partTimeout * 1000,
    );
  };
  const place: Place = (segment, present) => upkeep.placement.place(segment, present);
  const converter = new Converter({
    catalogue,
    pool,
    leases,
    log,
    policy,
    place,
    pace: upkeep.askedFor,
    onConverted: () => journal.ship(),
    onGarbage: () => collector.wake(),
  });
  let snapshots: Snapshots | undefined;
  let expiry: PartialExpiry | undefined;
  const close = async (server?: FtpServer) => {
    const silence = setTimeout(() => pool.close(), stopPatience);
    // A client may wait for a storage server, too.
    await Promise.all([server?.close(), converter.stop(), expiry?.stop(), upkeep.stop()]);
    await collector.stop();
    await snapshots?.stop();
    await journal.ship();
    clearTimeout(silence);
    pool.close(); // Ends what still waits for a storage server.
    await journal.stop();
    await catalogue.close();
  };
  try {
    const users = await openUsers(coordinator.usersFile, log);
    const tls = await coordinatorTls(coordinator, log);
    const unfinished = await catalogue.abandonUnfinished();
    crashPoint('start.unfinished-abandoned');
    if (unfinished > 0)
      log.warn({ segments: unfinished }, 'uploads were cut off by the last end; their parts are removed');
    const fileSystem = new JournalledFileSystem(
      new SplitFileSystem({ catalogue, pool, policy, place, leases, collector, log, traffic }),
      journal,
    );
    const reported = { catalogue, pool, upkeep, journal, policy, version: packageJson.version, tls };
    const logins = new Logins({
      log,
      accounts: new Accounts(coordinator.account, users),
      fileSystem,
      reportStatus: (from) => reportStatus(reported, from),
      reportWhere: (path, from) => reportWhere(catalogue, pool, upkeep.watch, path, from),
      ownerSite: new Map([
        ...upkeepCommands(upkeep, (number) => reportServer(reported, number)),
        ['CONVERT', converter.command],
      ]),
    });
    const server = await startFtpServer({
      host: coordinator.host,
      port: coordinator.port,
      log,
      greeting: 'SplitFTP ready',
      login: (user, password) => logins.login(user, password),
      limits: engineLimits(coordinator.limits),
      ...(tls && { tls: tls.ftp }),
      ...(coordinator.dataConnections && { dataConnections: coordinator.dataConnections }),
    });
    expiry = new PartialExpiry({ catalogue, leases, log, onGarbage: () => collector.wake() });
    snapshots = new Snapshots({
      poolId: catalogue.pool,
      outbox: catalogue.journal,
      journal,
      pool,
      folder: coordinator.folder,
      log,
    });
    await upkeep.start();
    crashPoint('start.listening');
    collector.wake();
    return {
      port: server.port,
      announcement: `coordinator on ${urlOf(coordinator.host, server.port)}${describeTls(tls)}, folder ${coordinator.folder}`,
      close: () => close(server),
    };
  } catch (error) {
    await close();
    const { host, port, tls } = coordinator;
    const implicit = tls.implicitPort !== undefined && failedPort(error) === tls.implicitPort;
    throw explainListenError(error, {
      host,
      port: implicit ? tls.implicitPort : port,
      hostVariable: coordinatorVariables.host,
      portVariable: implicit ? tlsVariables.port : coordinatorVariables.port,
    });
  }
}

async function openUsers(path: string, log: Log): Promise<Users> {
  try {
    return await Users.open(path, log);
  } catch (error) {
    throw error instanceof UsersFileError ? new StartError(error.message, { cause: error }) : error;
  }
}

function openCatalogue(folder: string): SqliteCatalogue {
  try {
    return new SqliteCatalogue(folder);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const remedy =
      error instanceof NewerCatalogueError || error instanceof CatalogueInUseError
        ? ''
        : ' Make it writable or set FTP_SERVER_DIR to another folder.';
    throw new StartError(
      `The coordinator's folder ${folder} (FTP_SERVER_DIR) cannot be used: ${reason}.${remedy}`,
      { cause: error },
    );
  }
}
