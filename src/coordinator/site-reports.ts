import type { ServerTls } from '../servers/server-tls.ts';
import {
  type CoordinatorReport,
  firstPage,
  type PartReport,
  partsPerPage,
  type StorageServerReport,
} from '../site/reports.ts';
import type { Catalogue, CatalogueTotals } from './catalogue/catalogue.ts';
import type { Journal } from './journal/journal.ts';
import type { Pool } from './pool/pool.ts';
import { finalPartPath } from './segments/part-writer.ts';
import type { WritePolicy } from './segments/write-policy.ts';
import type { ServerWatch } from './upkeep/server-watch.ts';
import type { Upkeep } from './upkeep/upkeep.ts';

export interface ReportedPool {
  readonly catalogue: Catalogue;
  readonly pool: Pool;
  readonly upkeep: Upkeep;
  readonly journal: Pick<Journal, 'state'>;
  /** How new files are written, at this moment. */
  readonly policy: () => WritePolicy;
  readonly version: string;
  readonly tls: ServerTls | undefined;
}

/** The argument of `SITE STATUS`: for a part of the answer `-from N`. */
export function parseStatus(argument: string): number | undefined {
  const [, from] = /^-from (\d{1,9})$/.exec(argument) ?? [];
  return from === undefined ? undefined : Number(from);
}

/** `SITE STATUS`: the coordinator, then each storage server, asked right now; or a page of that. */
export async function reportStatus(reported: ReportedPool, from: number | undefined): Promise<string[]> {
  const { catalogue, upkeep, journal, policy, version, tls } = reported;
  const { layout } = policy();
  const failures = await probeServers(reported);
  const totals = await catalogue.totals();
  const servers = await reportServers(reported, failures, totals);
  const [health, repair, scrub, rebalance] = await Promise.all([
    catalogue.upkeep.health(upkeep.watch.reachable),
    upkeep.repairer.report(),
    upkeep.scrubber.report(),
    upkeep.mover.report(),
  ]);
  const coordinator: CoordinatorReport = {
    kind: 'coordinator',
    version,
    pool: catalogue.pool,
    layout: `${layout.dataParts}+${layout.parityParts}`,
    files: totals.files,
    folders: totals.folders,
    storageServers: servers.length,
    bytes: totals.bytes,
    ...(tls && {
      tls: { mode: tls.ftp.required ? 'required' : 'optional', fingerprint: tls.fingerprint },
    }),
    partialUploads: totals.partialUploads,
    partialBytes: totals.partialBytes,
    garbage: totals.garbageSegments,
    journal: journal.state,
    health: { whole: totals.files - health.degraded - health.unavailable - health.lost, ...health },
    repair,
    scrub,
    rebalance,
  };
  const reports = [coordinator, ...servers];
  return from === undefined
    ? reports.map((report) => JSON.stringify(report))
    : firstPage(reports.slice(from));
}

/** The line of `SITE STATUS` for one storage server; none where there is no such server. */
export async function reportServer(reported: ReportedPool, number: number): Promise<string[]> {
  const failures = await probeServers(reported);
  const reports = await reportServers(reported, failures, await reported.catalogue.totals());
  return reports.filter((report) => report.number === number).map((report) => JSON.stringify(report));
}

/** Why storage servers are down, in the order of the pool. */
function probeServers({ pool }: ReportedPool): Promise<(string | undefined)[]> {
  return Promise.all(pool.servers.map((server) => server.probe()));
}

async function reportServers(
  { catalogue, pool, upkeep }: ReportedPool,
  failures: readonly (string | undefined)[],
  totals: CatalogueTotals,
): Promise<StorageServerReport[]> {
  const { watch } = upkeep;
  const missing = await catalogue.upkeep.missing();
  return Promise.all(
    pool.servers.map(async (server, index): Promise<StorageServerReport> => {
      const { number } = server;
      const failure = failures[index];
      const isUsed = await catalogue.upkeep.uses(number);
      const stored = totals.servers.get(number) ?? { parts: 0, bytes: 0 };
      const { state, reason } = stateOf(upkeep, number, failure, isUsed, stored.parts);
      const free = watch.free(number);
      return {
        kind: 'storage server',
        number,
        address: server.address,
        state,
        ...(reason !== undefined && { reason }),
        draining: watch.isDraining(number),
        domain: server.domain,
        can: server.capabilities.words,
        connections: server.places.most,
        parts: stored.parts,
        bytes: stored.bytes,
        missing: missing.get(number)?.parts ?? 0,
        ...(free !== undefined && { free }),
        errors: server.condition.errors,
      };
    }),
  );
}

function stateOf(
  { watch, mover }: Upkeep,
  number: number,
  failure: string | undefined,
  isUsed: boolean,
  parts: number,
): { readonly state: StorageServerReport['state']; readonly reason?: string } {
  const strangeness = watch.strangeness(number);
  if (strangeness !== undefined) return { state: 'strange', reason: strangeness };
  const farewell = `it can be removed: delete FTP_USER${number} and its other variables`;
  if (failure !== undefined) {
    const isEmptied = watch.isDraining(number) && parts === 0;
    return {
      state: 'down',
      reason: isEmptied ? `${failure}; none of its parts is needed, ${farewell}` : failure,
    };
  }
  if (watch.isDraining(number)) {
    if (!isUsed) return { state: 'drained', reason: farewell };
    const reason = mover.whyStuck(number);
    return { state: 'draining', ...(reason !== undefined && { reason }) };
  }
  return watch.isFull(number) ? { state: 'full', reason: 'it takes no more parts' } : { state: 'up' };
}

/** The argument of `SITE WHERE`: a path, and for a part of the answer `-from N` before an absolute one. */
export function parseWhere(argument: string): { readonly path: string; readonly from: number | undefined } {
  const [, from, path] = /^-from (\d{1,9}) (\/.*)$/s.exec(argument) ?? [];
  return from === undefined || path === undefined
    ? { path: argument, from: undefined }
    : { path, from: Number(from) };
}

/**
 * `SITE WHERE`: every part of the file, or a page of them.
 * @throws FileSystemError
 */
export async function reportWhere(
  catalogue: Catalogue,
  pool: Pool,
  watch: ServerWatch,
  path: string,
  from: number | undefined,
): Promise<string[]> {
  const file = await catalogue.openFile(path);
  const lines = file.segments.flatMap((segment, position) =>
    segment.parts.map((part, index) => {
      const report: PartReport = {
        kind: 'part',
        segment: position,
        index,
        role: index < segment.layout.dataParts ? 'data' : 'parity',
        number: part.server,
        address: pool.servers.find(({ number }) => number === part.server)?.address ?? 'not configured',
        path: finalPartPath({ pool: catalogue.pool, segment: segment.id, index }),
        bytes: part.bytes,
        state: !part.stored ? 'missing' : watch.isUp(part.server) ? 'stored' : 'unreachable',
        ...(part.stored && { verified: part.verified.toISOString() }),
      };
      return JSON.stringify(report);
    }),
  );
  return from === undefined ? lines : lines.slice(from, from + partsPerPage);
}
