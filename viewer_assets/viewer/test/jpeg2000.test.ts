import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeAfresh } from '../build/jpeg2000.ts';

const loader = dirname(createRequire(import.meta.url).resolve('@cornerstonejs/dicom-image-loader/package.json'));
const original = readFileSync(join(loader, 'dist/esm/shared/decoders/decodeJPEG2000.js'), 'utf8');

describe('JPEG 2000', () => {
  it('has a decoder for each frame', () => {
    expect(decodeAfresh(original)).toContain('new local.codec.J2KDecoder(); const decoder');
  });

  it('stops the build when the decoder is no longer the known one', () => {
    expect(() => decodeAfresh(original.replace('local.decoder;', 'other;'))).toThrow(/no longer the known one/);
  });
});
