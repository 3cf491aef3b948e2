import { ErasureCode } from '../../erasure/erasure-code.ts';
import { type Chunks, eachRun } from './chunk-runs.ts';
import type { Layout } from './part-format.ts';

const codes = new Map<string, ErasureCode>();

/** Codes are kept, with the arithmetic that each has worked out. */
function codeOf({ dataParts, parityParts }: Layout): ErasureCode {
  const key = `${dataParts}+${parityParts}`;
  const code = codes.get(key) ?? new ErasureCode(dataParts, parityParts);
  codes.set(key, code);
  return code;
}

/**
 * The parity blocks of a stripe, in memory of their own: they are still on their way to a storage server when the next
 * stripe's are made.
 * @param data the `k` data blocks; those shorter than `length` count as ended with zeros
 * @param length of the longest of them
 */
export function encodeParity(layout: Layout, data: readonly Chunks[], length: number): Buffer[] {
  const code = codeOf(layout);
  const parity = Array.from({ length: layout.parityParts }, () => Buffer.allocUnsafeSlow(length));
  eachRun(data, length, (pieces, start) => {
    const end = start + (pieces[0]?.length ?? 0);
    code.encode(
      pieces,
      parity.map((block) => block.subarray(start, end)),
    );
  });
  return parity;
}

/**
 * Blocks of a stripe that are missing, from `k` others, which must have been verified.
 * @param blocks by part index
 * @param wanted part indices
 * @param length of the stripe's longest block, which is that of each result
 */
export function reconstructBlocks(
  layout: Layout,
  blocks: ReadonlyMap<number, Chunks>,
  wanted: readonly number[],
  length: number,
): Map<number, Buffer> {
  const code = codeOf(layout);
  const available = [...blocks.keys()];
  const targets = new Map(wanted.map((index) => [index, Buffer.allocUnsafeSlow(length)]));
  eachRun([...blocks.values()], length, (pieces, start) => {
    const end = start + (pieces[0]?.length ?? 0);
    const byIndex: (Buffer | undefined)[] = Array.from({
      length: layout.dataParts + layout.parityParts,
    });
    for (const [position, index] of available.entries()) byIndex[index] = pieces[position];
    code.reconstruct(
      byIndex,
      new Map([...targets].map(([index, target]) => [index, target.subarray(start, end)])),
    );
  });
  return targets;
}
