/** Reed-Solomon of one stripe (256 KiB blocks), best of many rounds, against copying its data in the same rounds. */
import { ErasureCode } from '../../src/erasure/erasure-code.ts';

const blockBytes = 256 * 1024;
const rounds = 400;
const layouts = [
  [2, 1],
  [4, 2],
  [8, 4],
] as const;

/** Prints GB of data per second. Reconstruction is of as many data parts as the layout can lose. */
export function measureErasureCodes(): void {
  console.log('\nerasure codes, GB/s of data');
  const table = layouts.map(([dataParts, parityParts]) => {
    const code = new ErasureCode(dataParts, parityParts);
    const data = Array.from({ length: dataParts }, (_, index) => filled(index + 1));
    const parity = Array.from({ length: parityParts }, () => filled(0));
    const targets = data.map(() => filled(0));
    const rest = [...data.map((block, index) => (index < parityParts ? undefined : block)), ...parity];
    const wanted = new Map(targets.slice(0, parityParts).map((target, index) => [index, target]));
    const jobs = {
      encode: () => code.encode(data, parity),
      reconstruct: () => code.reconstruct(rest, wanted),
      copy: () => targets.forEach((target, index) => void target.set(data[index] ?? target)),
    };
    const best = { encode: 0, reconstruct: 0, copy: 0 };
    for (let round = 0; round < rounds; round++) {
      for (const name of ['encode', 'reconstruct', 'copy'] as const) {
        const start = performance.now();
        jobs[name]();
        const rate = (dataParts * blockBytes) / (performance.now() - start) / 1e6;
        best[name] = Math.max(best[name], rate);
      }
    }
    const { encode, reconstruct, copy } = best;
    return {
      layout: `${dataParts}+${parityParts}`,
      encode: encode.toFixed(1),
      reconstruct: reconstruct.toFixed(1),
      'memory copy': copy.toFixed(1),
    };
  });
  console.table(table);
}

function filled(value: number): Buffer {
  return Buffer.alloc(blockBytes, value * 0x35);
}

if (import.meta.main) measureErasureCodes();
