import type { SegmentToRepair } from '../catalogue/catalogue.ts';
import type { PartHeader } from '../segments/part-format.ts';

/**
 * The header of a part that is written again.
 * @param places servers of the parts that are written now, by index; the others stay where they are
 */
export function headerOf(
  pool: string,
  { segment, file, position, path }: SegmentToRepair,
  index: number,
  places: ReadonlyMap<number, number>,
): PartHeader {
  return {
    version: 1,
    features: [],
    pool,
    file,
    segment: segment.id,
    position,
    layout: segment.layout,
    index,
    servers: segment.parts.map(({ server }, other) => places.get(other) ?? server),
    blockBytes: segment.blockBytes,
    check: 'crc32',
    cipher: 'none',
    path,
    written: new Date().toISOString(),
  };
}
