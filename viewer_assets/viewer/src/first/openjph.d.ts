declare module '@cornerstonejs/codec-openjph/wasmjs' {
  /** Emscripten's factory of the decoder. */
  const factory: (options: { locateFile: () => string }) => Promise<unknown>;
  export default factory;
}
