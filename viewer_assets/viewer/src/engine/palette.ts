import type { DicomWeb } from '../dicomweb/client';
import { numbers } from '../dicomweb/dataset';
import { ViewerError } from '../dicomweb/errors';
import type { Dataset } from '../dicomweb/types';

const COLOURS = { red: ['00281101', '00281201'], green: ['00281102', '00281202'], blue: ['00281103', '00281203'] } as const;

export type BulkSource = Pick<DicomWeb, 'bulk'>;

type Colour = keyof typeof COLOURS;

const COLOUR_NAMES = ['red', 'green', 'blue'] as const;

/** Palette tables reduced to eight bits, under the names of cornerstone's image pixel module. */
export type Palette = Record<`${Colour}PaletteColorLookupTableDescriptor`, number[]> &
  Record<`${Colour}PaletteColorLookupTableData`, Uint8Array>;

/**
 * Reads the palette of a PALETTE COLOR image (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6).
 *
 * Throws ViewerError `decode_failed` when a table is missing: no picture in wrong colours.
 */
export async function readPalette(dataset: Dataset, client: BulkSource, path: string): Promise<Palette> {
  const tables: Partial<Record<Colour, { first: number; bits: number; entries: number[] }>> = {};
  for (const colour of COLOUR_NAMES) {
    const [descriptorTag, dataTag] = COLOURS[colour];
    const [count, first, bits] = numbers(dataset, descriptorTag, 3) ?? [];
    const bytes = await binary(dataset, dataTag, client, path);
    if (count === undefined || first === undefined || bits === undefined || !bytes) {
      throw new ViewerError('decode_failed', `palette without a complete ${colour} table`);
    }
    tables[colour] = { first, bits, entries: entries(bytes, count === 0 ? 65536 : count) };
  }
  const all = Object.values(tables);
  // Some writers say 16 bits and store 8 in each word; then every word is below 256.
  const shift = all.some((t) => t.bits > 8) && all.some((t) => t.entries.some((word) => word > 255)) ? 8 : 0;
  const palette: Partial<Palette> = {};
  for (const colour of COLOUR_NAMES) {
    const table = tables[colour];
    if (!table) continue;
    palette[`${colour}PaletteColorLookupTableDescriptor`] = [table.entries.length, table.first, 8];
    palette[`${colour}PaletteColorLookupTableData`] = Uint8Array.from(table.entries, (word) => word >> shift);
  }
  return palette as Palette;
}

async function binary(dataset: Dataset, tag: string, client: BulkSource, path: string): Promise<Uint8Array | undefined> {
  const element = dataset[tag];
  if (element?.InlineBinary !== undefined) return Uint8Array.from(atob(element.InlineBinary), (c) => c.charCodeAt(0));
  if (element?.BulkDataURI !== undefined) return client.bulk(element.BulkDataURI, path);
  return undefined;
}

/** Table entries, stored as bytes or as 16-bit little endian words. */
export function entries(bytes: Uint8Array, count: number): number[] {
  if (bytes.length < count) throw new ViewerError('decode_failed', 'palette table is too short');
  if (bytes.length < count * 2) return Array.from(bytes.subarray(0, count));
  return Array.from({ length: count }, (_, i) => (bytes[2 * i] ?? 0) | ((bytes[2 * i + 1] ?? 0) << 8));
}
