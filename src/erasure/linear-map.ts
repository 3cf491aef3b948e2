import { multiply } from './galois-field.ts';
import type { Matrix } from './matrix.ts';

/** Bytes of the products of one factor: with 0x00 to 0x0f, then with 0x00 to 0xf0 in steps of 0x10. */
const tableBytes = 32;

/** What the kernels compute: each output is a sum of the inputs, each times a factor. */
export class LinearMap {
  readonly rows: Matrix;
  readonly inputs: number;
  readonly outputs: number;
  /** Whether the first output is the plain XOR of all inputs. */
  readonly startsWithSum: boolean;
  /** As `kernel/kernel.ts` reads them: by pair of outputs, by input, by output of the pair. */
  readonly tables: Uint8Array;

  constructor(rows: Matrix) {
    this.rows = rows;
    this.outputs = rows.length;
    this.inputs = rows[0]?.length ?? 0;
    this.startsWithSum = rows[0]?.every((factor) => factor === 1) ?? false;
    this.tables = new Uint8Array(Math.ceil(this.outputs / 2) * this.inputs * 2 * tableBytes);
    for (const [output, row] of rows.entries()) {
      for (const [input, factor] of row.entries()) {
        const pair = (output >> 1) * this.inputs + input;
        const start = (pair * 2 + (output & 1)) * tableBytes;
        for (let half = 0; half < 16; half++) {
          this.tables[start + half] = multiply(factor, half);
          this.tables[start + 16 + half] = multiply(factor, half << 4);
        }
      }
    }
  }
}
