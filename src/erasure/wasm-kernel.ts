import type { Kernel } from './kernel.ts';
import type { LinearMap } from './linear-map.ts';

/**
 * Bytes of each block that are in the kernel's memory at a time. All of a stripe's then fit into the processor's
 * second cache, and the copies to and from there cost little; nobody has to keep blocks in WebAssembly memory.
 */
const slotBytes = 16 * 1024;
const registerBytes = 16;
const pageBytes = 65_536;

interface Exports {
  combine(
    inputs: number,
    outputs: number,
    length: number,
    slotBytes: number,
    tables: number,
    plain: boolean,
  ): void;
  sum(inputs: number, length: number, slotBytes: number): void;
}

/** `kernel/kernel.ts`, and the memory it works in. */
export class WasmKernel implements Kernel {
  readonly #exports: Exports;
  readonly #memory: WebAssembly.Memory;
  #bytes: Uint8Array;

  constructor(binary: Uint8Array<ArrayBuffer>) {
    this.#memory = new WebAssembly.Memory({ initial: 1 });
    this.#bytes = new Uint8Array(this.#memory.buffer);
    const module = new WebAssembly.Module(binary);
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
    if (!hasFunctions(exports)) throw new TypeError('this is not the kernel');
    this.#exports = exports;
  }

  apply(map: LinearMap, sources: readonly Uint8Array[], targets: readonly Uint8Array[]): void {
    const { inputs, outputs, tables, startsWithSum } = map;
    // The kernel fills outputs by twos.
    const tablesStart = (inputs + outputs + (outputs & 1)) * slotBytes;
    const bytes = this.#reserve(tablesStart + tables.length);
    const onlySum = startsWithSum && outputs === 1;
    if (!onlySum) bytes.set(tables, tablesStart);
    const length = sources[0]?.length ?? 0;
    for (let start = 0; start < length; start += slotBytes) {
      const end = Math.min(start + slotBytes, length);
      let slot = 0;
      for (const source of sources) bytes.set(source.subarray(start, end), slotBytes * slot++);
      // What lies behind the end in the slots is computed with the rest, and not looked at.
      const rounded = Math.ceil((end - start) / registerBytes) * registerBytes;
      if (onlySum) this.#exports.sum(inputs, rounded, slotBytes);
      else this.#exports.combine(inputs, outputs, rounded, slotBytes, tablesStart, startsWithSum);
      for (const target of targets) {
        const output = slotBytes * slot++;
        target.set(bytes.subarray(output, output + end - start), start);
      }
    }
  }

  #reserve(size: number): Uint8Array {
    if (this.#bytes.length < size) {
      this.#memory.grow(Math.ceil((size - this.#bytes.length) / pageBytes));
      this.#bytes = new Uint8Array(this.#memory.buffer);
    }
    return this.#bytes;
  }
}

function hasFunctions(exports: object): exports is Exports {
  return ['combine', 'sum'].every((name) => typeof Reflect.get(exports, name) === 'function');
}
