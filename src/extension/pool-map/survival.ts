/** Which files would survive the loss of storage servers. Shared with the page of the pool map: nothing of Node here. */

export interface PlacedPart {
  /** Position of the segment in the file, from 0. */
  readonly segment: number;
  readonly index: number;
  readonly role: 'data' | 'parity';
  /** Of the storage server. */
  readonly number: number;
  readonly state: 'stored' | 'missing' | 'unreachable';
}

export interface PlacedFile {
  readonly path: string;
  readonly size: number;
  readonly parts: readonly PlacedPart[];
}

/** `spare`: so many more storage servers may fail, whichever they are. */
export interface Survival {
  readonly state: 'whole' | 'degraded' | 'lost';
  readonly spare: number;
}

/** How a file fares with some storage servers switched off: as its worst segment does. */
export function survivalOf({ parts }: PlacedFile, off: ReadonlySet<number>): Survival {
  const segments = new Map<number, PlacedPart[]>();
  for (const part of parts) segments.set(part.segment, [...(segments.get(part.segment) ?? []), part]);
  let spare = Number.POSITIVE_INFINITY;
  let whole = true;
  for (const segment of segments.values()) {
    const needed = segment.filter(({ role }) => role === 'data').length;
    const left = segment.filter(({ state, number }) => state === 'stored' && !off.has(number)).length;
    spare = Math.min(spare, left - needed);
    whole &&= left === segment.length;
  }
  if (segments.size === 0) return { state: 'whole', spare: 0 };
  return { state: spare < 0 ? 'lost' : whole ? 'whole' : 'degraded', spare: Math.max(0, spare) };
}
