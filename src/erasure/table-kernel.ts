import { multiply } from './galois-field.ts';
import type { Kernel } from './kernel.ts';
import type { LinearMap } from './linear-map.ts';

/** For a machine without WebAssembly SIMD: a table of 256 products for each factor. */
export class TableKernel implements Kernel {
  readonly #products = new Map<number, Uint8Array>();

  apply(map: LinearMap, sources: readonly Uint8Array[], targets: readonly Uint8Array[]): void {
    for (const [output, row] of map.rows.entries()) {
      const target = targets[output];
      if (!target) throw new RangeError('there are fewer targets than outputs');
      target.fill(0);
      for (const [input, factor] of row.entries()) {
        const source = sources[input];
        if (!source) throw new RangeError('there are fewer sources than inputs');
        addProduct(target, source, this.#productsOf(factor));
      }
    }
  }

  #productsOf(factor: number): Uint8Array {
    let products = this.#products.get(factor);
    if (!products) {
      products = Uint8Array.from({ length: 256 }, (_, element) => multiply(factor, element));
      this.#products.set(factor, products);
    }
    return products;
  }
}

function addProduct(target: Uint8Array, source: Uint8Array, products: Uint8Array): void {
  for (let index = 0; index < target.length; index++) {
    // `?? 0` is never taken; in this loop it is cheaper than a check that throws.
    target[index] = (target[index] ?? 0) ^ (products[source[index] ?? 0] ?? 0);
  }
}
