/**
 * Sums of products over GF(2^8), in AssemblyScript; `build/erasure-kernel.ts` compiles it to WebAssembly SIMD. A
 * product with a constant is two table look-ups, one for each half of a byte (James S. Plank et al., "Screaming fast
 * Galois field arithmetic using Intel SIMD instructions", FAST 2013).
 *
 * The memory is the caller's: slots of `slotBytes` from 0 on, first the inputs, then the outputs, and the tables
 * somewhere behind them. For each pair of outputs and each input there are 64 bytes: the products of the first
 * output's factor with 0x00 to 0x0f, then with 0x00 to 0xf0 in steps of 0x10, then the same for the second output.
 */

@inline
function lookUp(table: usize, indices: v128): v128 {
  return RELAXED ? i8x16.relaxed_swizzle(v128.load(table), indices) : i8x16.swizzle(v128.load(table), indices);
}

@inline
function product(tables: usize, low: v128, high: v128): v128 {
  return v128.xor(lookUp(tables, low), lookUp(tables + 16, high));
}

/** One pass over the inputs for two outputs; with `plain` the factors of the first one are all 1. */
@inline
function fillPair(inputs: i32, target: usize, length: usize, slotBytes: usize, tables: usize, plain: bool): void {
  const nibble = i8x16.splat(0x0f);
  const end = tables + (<usize>inputs << 6);
  for (let at: usize = 0; at < length; at += 16) {
    let first = i8x16.splat(0);
    let second = i8x16.splat(0);
    let source = at;
    for (let table = tables; table < end; table += 64, source += slotBytes) {
      const bytes = v128.load(source);
      const low = v128.and(bytes, nibble);
      const high = i8x16.shr_u(bytes, 4);
      first = v128.xor(first, plain ? bytes : product(table, low, high));
      second = v128.xor(second, product(table + 32, low, high));
    }
    v128.store(target + at, first);
    v128.store(target + at + slotBytes, second);
  }
}

/**
 * Fills the slots of `outputs`, rounded up to an even number.
 * @param length a multiple of 16
 * @param plain whether the first output is the plain XOR of the inputs
 */
export function combine(
  inputs: i32,
  outputs: i32,
  length: usize,
  slotBytes: usize,
  tables: usize,
  plain: bool,
): void {
  let target = <usize>inputs * slotBytes;
  for (let output = 0; output < outputs; output += 2) {
    if (plain && output == 0) fillPair(inputs, target, length, slotBytes, tables, true);
    else fillPair(inputs, target, length, slotBytes, tables, false);
    target += 2 * slotBytes;
    tables += <usize>inputs << 6;
  }
}

/** Fills the one slot behind the inputs with their XOR; `length` is a multiple of 16. */
export function sum(inputs: i32, length: usize, slotBytes: usize): void {
  const end = <usize>inputs * slotBytes;
  for (let at: usize = 0; at < length; at += 16) {
    let total = v128.load(at);
    for (let source = at + slotBytes; source < end; source += slotBytes) {
      total = v128.xor(total, v128.load(source));
    }
    v128.store(end + at, total);
  }
}
