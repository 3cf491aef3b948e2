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
 * Computes the parity blocks of a stripe.
 * @param data the `k` data blocks; those shorter than `length` count as ended with zeros
 * @param parity where the `m` parity blocks come
 * @param length of each of these, and of the longest data block
 */
export function encodeParity(
  layout: Layout,
  data: readonly Chunks[],
  parity: readonly Buffer[],
  length: number,
): void {
  const code = codeOf(layout);
  eachRun(data, length, (pieces, start) => {
    const end = start + (pieces[0]?.length ?? 0);
    code.encode(
      pieces,
      parity.map((block) => block.subarray(start, end)),
    );
  });
}

/**
 * Computes blocks of a stripe that are missing, from `k` others, which must have been verified.
 * @param blocks by part index
 * @param targets by part index: where the missing blocks come
 * @param length of the stripe's longest block, which is that of each target
 */
export function reconstructBlocks(
  layout: Layout,
  blocks: ReadonlyMap<number, Chunks>,
  targets: ReadonlyMap<number, Buffer>,
  length: number,
): void {
  const code = codeOf(layout);
  const available = [...blocks.keys()];
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
}
