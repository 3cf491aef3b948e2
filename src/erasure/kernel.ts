import { kernelBinaries } from './kernel-binaries.ts';
import type { LinearMap } from './linear-map.ts';
import { TableKernel } from './table-kernel.ts';
import { WasmKernel } from './wasm-kernel.ts';

/** Computes a linear map over whole blocks. Every kernel gives the same bytes. */
export interface Kernel {
  /** @param sources,targets as many as the map has inputs and outputs, all of the same length; none overlap */
  apply(map: LinearMap, sources: readonly Uint8Array[], targets: readonly Uint8Array[]): void;
}

/** Every kernel that runs here, the fastest first: relaxed SIMD, SIMD, plain JavaScript. */
export function availableKernels(): Kernel[] {
  const binaries = kernelBinaries.map((base64) => Buffer.from(base64, 'base64'));
  const supported = binaries.filter((binary) => WebAssembly.validate(binary));
  return [...supported.map((binary) => new WasmKernel(binary)), new TableKernel()];
}
