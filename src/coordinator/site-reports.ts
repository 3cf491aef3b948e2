import type { Configuration } from '../config/configuration.ts';
import type { ServerTls } from '../servers/server-tls.ts';
import type { CoordinatorReport, PartReport, StorageServerReport } from '../site/reports.ts';
import type { Catalogue } from './catalogue/catalogue.ts';
import type { Pool } from './pool/pool.ts';
import { finalPartPath } from './segments/part-writer.ts';

/** `SITE STATUS`: the coordinator, then each storage server, asked right now. */
export async function reportStatus(
  catalogue: Catalogue,
  pool: Pool,
  { layout }: Configuration,
  version: string,
  tls: ServerTls | undefined,
): Promise<string[]> {
  const [totals, failures] = await Promise.all([
    catalogue.totals(),
    Promise.all(pool.servers.map((server) => server.probe())),
  ]);
  const coordinator: CoordinatorReport = {
    kind: 'coordinator',
    version,
    pool: catalogue.pool,
    layout: `${layout.dataParts}+${layout.parityParts}`,
    files: totals.files,
    folders: totals.folders,
    bytes: totals.bytes,
    ...(tls && {
      tls: { mode: tls.ftp.required ? 'required' : 'optional', fingerprint: tls.fingerprint },
    }),
    garbage: totals.garbageSegments,
  };
  const servers = pool.servers.map((server, index): StorageServerReport => {
    const reason = failures[index];
    return {
      kind: 'storage server',
      number: server.number,
      address: server.address,
      state: reason === undefined ? 'up' : 'down',
      ...(reason !== undefined && { reason }),
      parts: totals.servers.get(server.number)?.parts ?? 0,
      bytes: totals.servers.get(server.number)?.bytes ?? 0,
    };
  });
  return [coordinator, ...servers].map((report) => JSON.stringify(report));
}

/** `SITE WHERE /path`: every part of the file. @throws FileSystemError */
export async function reportWhere(catalogue: Catalogue, pool: Pool, path: string): Promise<string[]> {
  const file = await catalogue.openFile(path);
  return file.segments.flatMap((segment, position) =>
    segment.parts.map((part, index) => {
      const report: PartReport = {
        kind: 'part',
        segment: position,
        index,
        role: index < segment.layout.dataParts ? 'data' : 'parity',
        number: part.server,
        address: pool.server(part.server).address,
        path: finalPartPath({ pool: catalogue.pool, segment: segment.id, index }),
        bytes: part.bytes,
      };
      return JSON.stringify(report);
    }),
  );
}
