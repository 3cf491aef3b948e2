import type { Chunks } from '../segments/chunk-runs.ts';
import { crc32 } from '../segments/crc32.ts';
import { type CheckContext, checkBytes } from '../segments/part-format.ts';
import type { PartWriter } from '../segments/part-writer.ts';

/** Hands over a block and its check, without waiting. */
export function writeBlock(writer: PartWriter, context: CheckContext, stripe: number, block: Chunks): void {
  let check = context.seed(stripe);
  for (const chunk of block) {
    check = crc32(chunk, check);
    writer.push(chunk);
  }
  const trailer = Buffer.allocUnsafe(checkBytes);
  trailer.writeUInt32BE(check);
  writer.push(trailer);
}
