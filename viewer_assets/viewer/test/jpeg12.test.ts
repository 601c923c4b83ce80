import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import dicomParser from 'dicom-parser';
import { describe, expect, it } from 'vitest';
import { correctJpeg } from '../build/jpeg12.ts';
import { encodeJpeg12 } from './fixtures/jpeg12.ts';

interface Decoder {
  parse(bytes: Uint8Array): void;
  colorTransform: boolean;
  getData16(width: number, height: number): ArrayLike<number>;
}

const loader = dirname(createRequire(import.meta.url).resolve('@cornerstonejs/dicom-image-loader/package.json'));
const original = readFileSync(join(loader, 'dist/esm/codecs/jpeg.js'), 'utf8');

async function decode(code: string, bytes: Uint8Array, width: number, height: number): Promise<number[]> {
  const module = (await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)) as { default: new () => Decoder };
  const decoder = new module.default();
  decoder.parse(bytes);
  decoder.colorTransform = false;
  return Array.from(decoder.getData16(width, height));
}

const SIZE = 32;
const samples = Array.from({ length: SIZE * SIZE }, (_, i) => {
  const [x, y] = [i % SIZE, Math.floor(i / SIZE)];
  return Math.round(2048 + 1900 * Math.sin(x / 7) * Math.cos(y / 5));
});

function meanDifference(decoded: ArrayLike<number>, expected: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < expected.length; i++) sum += (decoded[i] ?? NaN) - (expected[i] ?? NaN);
  return sum / expected.length;
}

describe('12-bit JPEG Extended', () => {
  const stream = encodeJpeg12(samples, SIZE, SIZE);

  it('is decoded to the values that were encoded', async () => {
    const decoded = await decode(correctJpeg(original), stream, SIZE, SIZE);
    expect(Math.abs(meanDifference(decoded, samples))).toBeLessThan(0.2);
    expect(Math.max(...decoded.map((value, i) => Math.abs(value - samples[i]!)))).toBeLessThanOrEqual(2);
  });

  it('reaches both ends of the range', async () => {
    const extremes = Array.from({ length: 128 }, (_, i) => (i % 16 < 8 ? 0 : 4095));
    const decoded = await decode(correctJpeg(original), encodeJpeg12(extremes, 16, 8), 16, 8);
    expect(decoded).toEqual(extremes);
  });

  it('would come out about 15 too bright without the correction', async () => {
    const decoded = await decode(original, stream, SIZE, SIZE);
    expect(meanDifference(decoded, samples)).toBeGreaterThan(10);
  });

  it('stops the build when the decoder is no longer the known one', () => {
    expect(() => correctJpeg(original.replaceAll('2056', '2057'))).toThrow(/expected 2 level shifts/);
    expect(() => correctJpeg(original.replaceAll('readBit()', 'bit()'))).toThrow(/expected 3 refinements/);
  });
});

const data = process.env.YUNYING_TEST_DATA ?? resolve(dirname(fileURLToPath(import.meta.url)), '../../../../shared/data');
const folder = join(data, 'transfer_syntax/cornerstone3D');
const extended = join(folder, 'CTImage.dcm_JPEGProcess2_4TransferSyntax_1.2.840.10008.1.2.4.51.dcm');
const uncompressed = join(folder, 'CTImage.dcm_LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1.dcm');

describe.skipIf(!existsSync(extended))('a real CT slice in JPEG Extended', () => {
  it('has the mean CT value of the uncompressed slice', async () => {
    const read = (path: string) => {
      const dataSet = dicomParser.parseDicom(new Uint8Array(readFileSync(path)));
      const rescale = (value: number) => value * dataSet.floatString('x00281053')! + dataSet.floatString('x00281052')!;
      return { dataSet, element: dataSet.elements.x7fe00010!, rescale };
    };
    const raw = read(uncompressed);
    const [rows, columns] = [raw.dataSet.uint16('x00280010')!, raw.dataSet.uint16('x00280011')!];
    const bytes = raw.dataSet.byteArray.slice(raw.element.dataOffset, raw.element.dataOffset + rows * columns * 2);
    const expected = Array.from(new Int16Array(bytes.buffer), raw.rescale);
    const packed = read(extended);
    const frame = dicomParser.readEncapsulatedPixelDataFromFragments(packed.dataSet, packed.element, 0, packed.element.fragments!.length);
    const decoded = await decode(correctJpeg(original), new Uint8Array(frame), columns, rows);
    expect(Math.abs(meanDifference(decoded.map(packed.rescale), expected))).toBeLessThan(1);
  });
});
