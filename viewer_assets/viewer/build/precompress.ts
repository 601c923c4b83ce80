import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const COMPRESSIBLE = /\.(js|css|html|wasm|svg|json)$/;
const LEAST_BYTES = 512;

/** Writes `.br` and `.gz` beside every text and wasm file of the build, for `brotli_static` and `gzip_static`. */
export function precompress(): Plugin {
  let directory = '';
  return {
    name: 'yunying:precompress',
    apply: 'build',
    configResolved(config) {
      directory = config.build.outDir;
    },
    async writeBundle() {
      const files = await readdir(directory, { recursive: true, withFileTypes: true });
      for (const file of files) {
        if (!file.isFile() || !COMPRESSIBLE.test(file.name)) continue;
        const path = join(file.parentPath, file.name);
        const bytes = await readFile(path);
        if (bytes.length < LEAST_BYTES) continue;
        const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 10, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
        await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes, options));
        await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: 9 }));
      }
    },
  };
}
