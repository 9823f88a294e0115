/**
 * The part of the WebAssembly interface that this folder uses: TypeScript declares it in its browser library
 * only, which would bring `window` and `document` into a server's scope.
 */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module);
    readonly exports: Record<string, unknown>;
  }
  class Memory {
    private constructor();
    readonly buffer: ArrayBuffer;
  }
}
