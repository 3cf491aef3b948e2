import { invert, multiply } from './galois-field.ts';

/** Over GF(2^8), row by row; all rows have the same length. */
export type Matrix = readonly (readonly number[])[];

/**
 * The parity rows of a systematic code with `k` data parts and `m` parity parts: each gives a parity part as a sum
 * of the data parts, with these factors. Any `k` of all `k + m` parts determine the rest, since every square part of
 * a Cauchy matrix is invertible, and stays so when its columns are scaled (Johannes Bloemer et al., "An XOR-based
 * erasure-resilient coding scheme", ICSI TR-95-048, 1995; scaled as James S. Plank and Lihao Xu do in "Optimizing
 * Cauchy Reed-Solomon codes for fault-tolerant network storage applications", NCA 2006, so that the first row is
 * all ones: the first parity part is the plain XOR of the data parts).
 *
 * Row `j`, column `i`: `(k ^ i) / ((k + j) ^ i)`.
 */
export function parityRows(dataParts: number, parityParts: number): Matrix {
  return Array.from({ length: parityParts }, (_, j) =>
    Array.from({ length: dataParts }, (_, i) => multiply(dataParts ^ i, invert((dataParts + j) ^ i))),
  );
}

/** All rows of the code: the data parts themselves, then the parity parts. */
export function generatorRows(dataParts: number, parityParts: number): Matrix {
  return [...identity(dataParts), ...parityRows(dataParts, parityParts)];
}

export function identity(size: number): Matrix {
  return Array.from({ length: size }, (_, row) =>
    Array.from({ length: size }, (_, column) => (row === column ? 1 : 0)),
  );
}

export function product(a: Matrix, b: Matrix): Matrix {
  return a.map((row) =>
    Array.from({ length: b[0]?.length ?? 0 }, (_, column) =>
      row.reduce((sum, factor, index) => sum ^ multiply(factor, cell(b, index, column)), 0),
    ),
  );
}

/** By Gauss and Jordan's elimination. @throws RangeError when the square matrix has no inverse */
export function inverse(matrix: Matrix): Matrix {
  const size = matrix.length;
  const unit = identity(size);
  const rows = matrix.map((row, index) => [...row, ...(unit[index] ?? [])]);
  for (let column = 0; column < size; column++) {
    const pivotIndex = rows.findIndex((row, index) => index >= column && row[column] !== 0);
    const pivot = rows[pivotIndex];
    if (!pivot) throw new RangeError('the matrix has no inverse');
    const factor = invert(pivot[column] ?? 0);
    const scaled = pivot.map((value) => multiply(value, factor));
    rows[pivotIndex] = rows[column] ?? [];
    rows[column] = scaled;
    for (const [index, row] of rows.entries()) {
      const multiple = row[column] ?? 0;
      if (index === column || multiple === 0) continue;
      rows[index] = row.map((value, place) => value ^ multiply(multiple, scaled[place] ?? 0));
    }
  }
  return rows.map((row) => row.slice(size));
}

function cell(matrix: Matrix, row: number, column: number): number {
  const value = matrix[row]?.[column];
  if (value === undefined) throw new RangeError('the matrices do not fit');
  return value;
}
