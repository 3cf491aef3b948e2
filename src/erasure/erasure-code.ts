import { availableKernels, type Kernel } from './kernel.ts';
import { LinearMap } from './linear-map.ts';
import { generatorRows, inverse, type Matrix, parityRows, product } from './matrix.ts';

/** Parts of one segment, data and parity together. */
export const maximumParts = 20;
/** Patterns of missing parts whose arithmetic is kept. */
const rememberedMaps = 64;

/** One for the whole process: it keeps nothing from one call to the next. */
const fastestKernel = firstOf(availableKernels());

/**
 * Systematic Reed-Solomon code of a layout `k+m`: from any `k` of a stripe's `k + m` blocks all others follow.
 * It does not notice wrong bytes: check every block before it goes in here.
 */
export class ErasureCode {
  readonly dataParts: number;
  readonly parityParts: number;
  readonly #kernel: Kernel;
  readonly #generator: Matrix;
  readonly #parity: LinearMap;
  readonly #reconstructions = new Map<string, LinearMap>();

  /** @throws RangeError for a layout that is not 1+0 to 20 parts in total */
  constructor(dataParts: number, parityParts: number, kernel: Kernel = fastestKernel) {
    const whole = Number.isInteger(dataParts) && Number.isInteger(parityParts);
    if (!whole || dataParts < 1 || parityParts < 0 || dataParts + parityParts > maximumParts) {
      throw new RangeError(`${dataParts}+${parityParts} is not a layout of up to ${maximumParts} parts`);
    }
    this.dataParts = dataParts;
    this.parityParts = parityParts;
    this.#kernel = kernel;
    this.#generator = generatorRows(dataParts, parityParts);
    this.#parity = new LinearMap(parityRows(dataParts, parityParts));
  }

  /**
   * Fills the parity blocks.
   * @param data `k` blocks of one length, any @param parity `m` blocks of that length
   */
  encode(data: readonly Uint8Array[], parity: readonly Uint8Array[]): void {
    requireCount(data, this.dataParts, 'data blocks');
    requireCount(parity, this.parityParts, 'parity blocks');
    requireOneLength([...data, ...parity]);
    if (parity.length > 0) this.#kernel.apply(this.#parity, data, parity);
  }

  /**
   * Fills blocks that are missing.
   * @param blocks by part index, undefined where missing; at least `k` are there, all of one length
   * @param wanted the blocks to fill, by part index
   * @throws RangeError when fewer than `k` blocks are there
   */
  reconstruct(blocks: readonly (Uint8Array | undefined)[], wanted: ReadonlyMap<number, Uint8Array>): void {
    if (wanted.size === 0) return;
    const sources: Uint8Array[] = [];
    const available: number[] = [];
    for (const [index, block] of blocks.entries()) {
      if (!block || sources.length === this.dataParts) continue;
      sources.push(block);
      available.push(index);
    }
    if (sources.length < this.dataParts) {
      throw new RangeError(`${sources.length} blocks are there, ${this.dataParts} are needed`);
    }
    const targets = [...wanted.values()];
    requireOneLength([...sources, ...targets]);
    this.#kernel.apply(this.#reconstruction(available, [...wanted.keys()]), sources, targets);
  }

  #reconstruction(available: readonly number[], wanted: readonly number[]): LinearMap {
    const key = `${available}>${wanted}`;
    const known = this.#reconstructions.get(key);
    if (known) return known;
    // The available blocks are their rows times the data: so the data is the inverse of those rows times them.
    const data = inverse(this.#rows(available));
    const map = new LinearMap(product(this.#rows(wanted), data));
    if (this.#reconstructions.size >= rememberedMaps) this.#reconstructions.clear();
    this.#reconstructions.set(key, map);
    return map;
  }

  #rows(indexes: readonly number[]): Matrix {
    return indexes.map((index) => {
      const row = this.#generator[index];
      if (!row) throw new RangeError(`there is no part ${index} in ${this.dataParts}+${this.parityParts}`);
      return row;
    });
  }
}

function firstOf(kernels: readonly Kernel[]): Kernel {
  const [kernel] = kernels;
  if (!kernel) throw new TypeError('no kernel runs here');
  return kernel;
}

function requireCount(blocks: readonly Uint8Array[], count: number, what: string): void {
  if (blocks.length !== count) throw new RangeError(`${blocks.length} ${what} were given, not ${count}`);
}

function requireOneLength(blocks: readonly Uint8Array[]): void {
  if (blocks.some(({ length }) => length !== blocks[0]?.length)) {
    throw new RangeError('the blocks differ in length');
  }
}
