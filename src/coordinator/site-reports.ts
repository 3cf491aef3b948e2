import type * as v from 'valibot';
import type { Configuration } from '../config/configuration.ts';
import type { ServerTls } from '../servers/server-tls.ts';
import {
  type CoordinatorReport,
  type partReport,
  partsPerPage,
  type storageServerReport,
} from '../site/reports.ts';
import type { Catalogue } from './catalogue/catalogue.ts';
import type { JournalState } from './journal/journal.ts';
import type { Pool } from './pool/pool.ts';
import { finalPartPath } from './segments/part-writer.ts';

/** `SITE STATUS`: the coordinator, then each storage server, asked right now. */
export async function reportStatus(
  catalogue: Catalogue,
  pool: Pool,
  { layout }: Configuration,
  version: string,
  tls: ServerTls | undefined,
  journal: JournalState,
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
    partialUploads: totals.partialUploads,
    partialBytes: totals.partialBytes,
    garbage: totals.garbageSegments,
    journal,
  };
  const servers = pool.servers.map((server, index): v.InferInput<typeof storageServerReport> => {
    const reason = failures[index];
    return {
      kind: 'storage server',
      number: server.number,
      address: server.address,
      state: reason === undefined ? 'up' : 'down',
      ...(reason !== undefined && { reason }),
      can: server.capabilities,
      connections: server.connections,
      parts: totals.servers.get(server.number)?.parts ?? 0,
      bytes: totals.servers.get(server.number)?.bytes ?? 0,
    };
  });
  return [coordinator, ...servers].map((report) => JSON.stringify(report));
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
  path: string,
  from: number | undefined,
): Promise<string[]> {
  const file = await catalogue.openFile(path);
  const lines = file.segments.flatMap((segment, position) =>
    segment.parts.map((part, index) => {
      const report: v.InferInput<typeof partReport> = {
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
  return from === undefined ? lines : lines.slice(from, from + partsPerPage);
}
