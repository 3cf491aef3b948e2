/** A segment that was finished, by its header and footer. */
export interface ChainedSegment {
  readonly position: number;
  readonly sequence: number;
  /** Bytes of the file's content. */
  readonly length: number;
}

export interface SegmentChain<T> {
  /** In the order of their positions, from 0 and without a gap. */
  readonly segments: readonly T[];
  /** The position where one must have been, since there are later ones; undefined when nothing tells of any. */
  readonly missing: number | undefined;
}

/**
 * Of all segments that were ever written for a file, those that make it up. A file grows only at its end, and a conversion
 * writes it anew from position 0, maybe with other boundaries: so segments from before and after must never be mixed. A
 * conversion that did not get to its end has fewer bytes than what it was made from.
 */
export function chainOfSegments<T extends ChainedSegment>(all: readonly T[]): SegmentChain<T> {
  const inOrder = [...all].sort((a, b) => a.sequence - b.sequence);
  const begins = [...inOrder.keys()].filter((at) => inOrder[at]?.position === 0);
  const chains = begins.map((at, index) => chainIn(inOrder.slice(at, begins[index + 1])));
  const longest = Math.max(...chains.map(bytesOf));
  // Of those that are as long the newest.
  const segments = chains.findLast((chain) => bytesOf(chain) === longest) ?? [];
  const begin = segments[0]?.sequence ?? 0;
  const isLater = (segment: T) => segment.sequence > begin && segment.position > segments.length;
  return { segments, missing: all.some(isLater) ? segments.length : undefined };
}

/** The newest at each position: an appending that was given up may have left another one. */
function chainIn<T extends ChainedSegment>(inOrder: readonly T[]): T[] {
  const chain: T[] = [];
  for (let next = inOrder[0]; next; next = inOrder.findLast(({ position }) => position === chain.length)) {
    chain.push(next);
  }
  return chain;
}

function bytesOf(chain: readonly ChainedSegment[]): number {
  return chain.reduce((sum, { length }) => sum + length, 0);
}
