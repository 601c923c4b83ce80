import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const ROOT = fileURLToPath(new URL('../node_modules/pdfjs-dist/', import.meta.url));
const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { version: string };

/** Where pdf.js finds, below the viewer, what a document needs beside itself; the name changes with the version. */
export const PDF_ASSETS = `assets/pdf-${version}`;

/** Character maps for Chinese text, the standard fonts, the decoders of scanned pages. */
const PARTS: [directory: string, wanted: RegExp][] = [
  ['cmaps', /\.bcmap$/],
  ['standard_fonts', /\.(pfb|ttf)$/],
  ['wasm', /^(jbig2|openjpeg|qcms_bg)\.wasm$/],
  ['iccs', /\.icc$/],
];

/** Puts those files into the build. The sandbox that runs a document's scripts is left out. */
export function pdf(): Plugin {
  return {
    name: 'yunying:pdf',
    apply: 'build',
    config: () => ({ define: { PDF_ASSETS: JSON.stringify(PDF_ASSETS) } }),
    generateBundle() {
      for (const [directory, wanted] of PARTS) {
        for (const name of readdirSync(ROOT + directory).filter((file) => wanted.test(file))) {
          this.emitFile({ type: 'asset', fileName: `${PDF_ASSETS}/${directory}/${name}`, source: readFileSync(`${ROOT}${directory}/${name}`) });
        }
      }
    },
  };
}
