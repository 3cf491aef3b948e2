import type { StatusReport } from '../site/reports.ts';

/**
 * What of the pool's state goes into an issue, a line for each server: numbers and states only. Addresses, failure
 * domains, the pool's id and reasons, which may name users and paths, stay here.
 */
export function issueData(reports: readonly StatusReport[]): string[] {
  return reports.map((report) => {
    if (report.kind === 'storage server') {
      const { number, state, draining, can, connections, parts, bytes, missing, errors } = report;
      return JSON.stringify({ number, state, draining, can, connections, parts, bytes, missing, errors });
    }
    const { kind, version, layout, files, folders, bytes, garbage, health, tls, journal } = report;
    return JSON.stringify({
      kind,
      version,
      layout,
      files,
      folders,
      bytes,
      garbage,
      health,
      tls: tls?.mode,
      journal: journal?.waiting,
      repair: report.repair && { ...report.repair, reason: undefined },
      scrub: report.scrub && { ...report.scrub, oldest: undefined },
      rebalance: report.rebalance && { ...report.rebalance, reason: undefined },
    });
  });
}
