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
 * @param quorum without it as many as a read needs: as many storage servers may fail during an upload as may fail later
 * @param patience milliseconds
 */
export function writePolicy(
  layout: Layout,
  quorum = layout.dataParts,
  patience = defaultPatience,
): WritePolicy {
  return { layout, quorum, patience };
}
