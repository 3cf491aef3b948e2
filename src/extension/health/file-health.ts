/** What the parts of a file say about its health. No part of VS Code is needed here. */
import type { PartReport } from '../../site/reports.ts';

export interface FileHealth {
  /** Words of DESIGN; `unavailable`: enough parts are stored, but on servers that are down. */
  readonly state: 'whole' | 'degraded' | 'unavailable' | 'lost';
  readonly parts: number;
  /** Never written, lost or found damaged. */
  readonly missing: number;
  /** Addresses of the storage servers that hold parts and are down. */
  readonly down: readonly string[];
}

const worst = ['whole', 'degraded', 'unavailable', 'lost'] as const;

/** A file is as healthy as the worst of its segments. */
export function healthOf(parts: readonly PartReport[]): FileHealth {
  const segments = Map.groupBy(parts, ({ segment }) => segment);
  const states = [...segments.values()].map(stateOfSegment);
  return {
    state: worst.findLast((state) => states.includes(state)) ?? 'whole',
    parts: parts.length,
    missing: parts.filter(({ state }) => state === 'missing').length,
    down: [...new Set(parts.filter(({ state }) => state === 'unreachable').map(({ address }) => address))],
  };
}

/** Any as many parts as there are data parts give the segment back. */
function stateOfSegment(parts: readonly PartReport[]): FileHealth['state'] {
  const needed = parts.filter(({ role }) => role === 'data').length;
  const missing = parts.filter(({ state }) => state === 'missing').length;
  const unreachable = parts.filter(({ state }) => state === 'unreachable').length;
  if (parts.length - missing < needed) return 'lost';
  if (parts.length - missing - unreachable < needed) return 'unavailable';
  return missing + unreachable > 0 ? 'degraded' : 'whole';
}
