import type { Plugin } from 'vite';

const REFUSE = (what: string) => `() => { throw new Error('${what} is not part of this viewer'); }`;

/** Modules that are bundled by their importers' habit and never run here, and what takes their place. */
const OMITTED: [pattern: RegExp, code: string][] = [
  // vtk.js registers a second renderer beside WebGL.
  [/@kitware[\\/]vtk\.js[\\/]Rendering[\\/]WebGPU[\\/](Profiles[\\/]\w+|RenderWindow)\.js$/, 'export {};'],
  // XML readers and writers of vtk.js.
  [/[\\/]xmlbuilder2[\\/].*\.js$/, `export const create = ${REFUSE('xmlbuilder2')};`],
  // Rules that sort a study into display sets by a DICOM dictionary; this viewer orders its own stacks.
  [
    /@cornerstonejs[\\/]metadata[\\/]dist[\\/]esm[\\/]displayset[\\/]compiledDisplaySetRules\.js$/,
    'export const compiledDisplaySetRules = []; export const defaultDisplaySetSplitRules = [];',
  ],
  // JPEG XL: no transfer syntax that the node accepts; 1 MB of wasm.
  [
    /dicom-image-loader[\\/]dist[\\/]esm[\\/]shared[\\/]decoders[\\/]decodeJPEGXL\.js$/,
    `export const initialize = ${REFUSE('JPEG XL')}; export default ${REFUSE('JPEG XL')};`,
  ],
];

/** Leaves out what would only be carried along. */
export function omit(): Plugin {
  return {
    name: 'yunying:omit',
    enforce: 'pre',
    load(id) {
      const path = id.split('?')[0] ?? '';
      return OMITTED.find(([pattern]) => pattern.test(path))?.[1] ?? null;
    },
  };
}
