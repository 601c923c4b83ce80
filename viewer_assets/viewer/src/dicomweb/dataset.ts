import type { Dataset } from './types';

/** Longest text taken from a tag: no honest attribute shown in a corner is longer. */
export const MAX_TEXT = 128;

export const TAG = {
  transferSyntax: '00020010',
  availableTransferSyntax: '00083002',
  imageType: '00080008',
  sopClass: '00080016',
  sopInstance: '00080018',
  modality: '00080060',
  units: '00541001',
  sliceThickness: '00180050',
  imagerPixelSpacing: '00181164',
  magnification: '00181114',
  frameTime: '00181063',
  frameTimeVector: '00181065',
  cineRate: '00180040',
  recommendedRate: '00082144',
  ultrasoundRegions: '00186011',
  seriesInstance: '0020000E',
  instanceNumber: '00200013',
  patientOrientation: '00200020',
  position: '00200032',
  orientation: '00200037',
  frameOfReference: '00200052',
  sliceLocation: '00201041',
  samplesPerPixel: '00280002',
  photometric: '00280004',
  planar: '00280006',
  frames: '00280008',
  rows: '00280010',
  columns: '00280011',
  pixelSpacing: '00280030',
  pixelAspectRatio: '00280034',
  calibrationType: '00280A02',
  bitsAllocated: '00280100',
  bitsStored: '00280101',
  highBit: '00280102',
  pixelRepresentation: '00280103',
  windowCenter: '00281050',
  windowWidth: '00281051',
  intercept: '00281052',
  slope: '00281053',
  rescaleType: '00281054',
  voiFunction: '00281056',
  modalityLut: '00283000',
  voiLut: '00283010',
  lossy: '00282110',
  shared: '52009229',
  perFrame: '52009230',
} as const;

export function text(dataset: Dataset, tag: string): string {
  const value = dataset[tag]?.Value?.[0];
  if (typeof value === 'string') return value.trim().slice(0, MAX_TEXT);
  if (typeof value === 'number') return String(value);
  return '';
}

export function texts(dataset: Dataset, tag: string): string[] {
  const values = dataset[tag]?.Value ?? [];
  return values.filter((value) => typeof value === 'string').map((value) => value.trim().slice(0, MAX_TEXT));
}

/** A number, from a JSON number or the string form that some servers write for DS and IS. */
export function number(dataset: Dataset, tag: string, index = 0): number | undefined {
  const value = dataset[tag]?.Value?.[index];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  return undefined;
}

/** Exactly `count` finite numbers, or undefined. */
export function numbers(dataset: Dataset, tag: string, count: number): number[] | undefined {
  const values = Array.from({ length: count }, (_, index) => number(dataset, tag, index));
  return values.every((value) => value !== undefined) ? values : undefined;
}

export function items(dataset: Dataset, tag: string): Dataset[] {
  const values = dataset[tag]?.Value ?? [];
  return values.filter((value): value is Dataset => typeof value === 'object' && value !== null);
}

/**
 * The attributes of one frame of an instance: functional groups of an enhanced multi-frame object
 * (PS3.3 C.7.6.16) laid flat over the instance's own attributes. `frame` counts from 1.
 */
export function frameDataset(dataset: Dataset, frame: number): Dataset {
  const shared = items(dataset, TAG.shared)[0];
  const own = items(dataset, TAG.perFrame)[frame - 1];
  if (!shared && !own) return dataset;
  const flat: Dataset = { ...dataset };
  for (const group of [shared, own]) {
    if (!group) continue;
    for (const macro of Object.values(group)) {
      const item = macro?.Value?.[0];
      if (typeof item === 'object' && item !== null) Object.assign(flat, item);
    }
  }
  return flat;
}
