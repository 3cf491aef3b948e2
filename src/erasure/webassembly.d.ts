/** What is used of WebAssembly's JavaScript interface, which TypeScript declares only for browsers. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Module {
    constructor(binary: Uint8Array<ArrayBuffer>);
  }
  class Instance {
    constructor(module: Module, imports: { readonly [name: string]: { readonly [name: string]: object } });
    readonly exports: object;
  }
  function validate(binary: Uint8Array<ArrayBuffer>): boolean;
}
