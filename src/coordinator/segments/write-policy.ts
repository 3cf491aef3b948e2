import type { Layout } from './part-format.ts';

/** How new segments are written. */
export interface WritePolicy {
  readonly layout: Layout;
  /** Parts that must be stored and verified before a segment counts as stored. */
  readonly quorum: number;
  /** Milliseconds for which a storage server may hold up the others before the upload goes on without it. */
  readonly patience: number;
}

/** Milliseconds; below the time-outs of clients, of which FileZilla's 20 seconds are the shortest. */
const defaultPatience = 10_000;

/**
 * @param quorum without it: enough parts to read the segment, and one to spare where two may be lost
 * @param patience milliseconds
 */
export function writePolicy(layout: Layout, quorum?: number, patience = defaultPatience): WritePolicy {
  const spare = layout.parityParts >= 2 ? 1 : 0;
  return { layout, quorum: quorum ?? layout.dataParts + spare, patience };
}
