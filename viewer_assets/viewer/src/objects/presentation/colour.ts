import { numbers } from '../../dicomweb/dataset';
import type { Dataset } from '../../dicomweb/types';

const WHOLE = 65535;
const D50 = [0.9642, 1, 0.8249] as const;

/** A CIELab value as DICOM writes it (PS3.3 C.10.7.1.1, white point D50), for the screen. */
export function labColour([l, a, b]: readonly [number, number, number]): string {
  const lightness = (l / WHOLE) * 100;
  const [fa, fb] = [(a / WHOLE) * 255 - 128, (b / WHOLE) * 255 - 128];
  const fy = (lightness + 16) / 116;
  const linear = (f: number) => (f > 6 / 29 ? f ** 3 : 3 * (6 / 29) ** 2 * (f - 4 / 29));
  const [x, y, z] = [D50[0] * linear(fy + fa / 500), D50[1] * linear(fy), D50[2] * linear(fy - fb / 200)];
  // D50 to the screen's primaries at once (Bradford; IEC 61966-2-1).
  const rgb = [3.1339 * x - 1.6169 * y - 0.4906 * z, -0.9788 * x + 1.9161 * y + 0.0335 * z, 0.0719 * x - 0.229 * y + 1.4052 * z];
  const coded = rgb.map((part) => {
    const held = Math.max(0, Math.min(1, part));
    return Math.round(255 * (held <= 0.0031308 ? 12.92 * held : 1.055 * held ** (1 / 2.4) - 0.055));
  });
  return `rgb(${coded.join(' ')})`;
}

/** Of a P-Value, 0 black to 65535 white. */
export function greyColour(value: number): string {
  const grey = Math.round((255 * Math.max(0, Math.min(WHOLE, value))) / WHOLE);
  return `rgb(${grey} ${grey} ${grey})`;
}

/** The colour, or the grey, that an item states under these tags; else `otherwise`. */
export function statedColour(dataset: Dataset, labTag: string, greyTag: string, otherwise: string): string {
  const [l, a, b] = numbers(dataset, labTag, 3) ?? [];
  if (l !== undefined && a !== undefined && b !== undefined) return labColour([l, a, b]);
  const [grey] = numbers(dataset, greyTag, 1) ?? [];
  return grey === undefined ? otherwise : greyColour(grey);
}
