import type { DicomWeb } from '../../dicomweb/client';
import { items, number, numbers, text } from '../../dicomweb/dataset';
import { instancePath } from '../../dicomweb/client';
import type { StackImage } from '../../dicomweb/stack';
import type { Dataset } from '../../dicomweb/types';
import type { Area, GreySteps, ImagePresentation, Lut, Place, PresentationState, VoiWindow } from '../../engine/presentation';
import { person, seriesOf, words, type Reference } from '../report/content';
import { to as say } from '../texts';
import { bytesOf } from '../value';
import { statedColour } from './colour';
import { drawingsOf } from './drawings';
import { fromDisplay, round } from './shapes';

/** A Grayscale Softcopy Presentation State (PS3.3 A.33.1) as data; what is hostile in it is cut short. */

const TAG = {
  sopClass: '00080016', instance: '00080018', seriesList: '00081115', images: '00081140', imageInstance: '00081155', imageFrames: '00081160', series: '0020000E', study: '0020000D',
  label: '00700080', description: '00700081', creator: '00700084',
  modalityLut: '00283000', slope: '00281053', intercept: '00281052', descriptor: '00283002', lutData: '00283006',
  softcopyVoi: '00283110', voiLut: '00283010', center: '00281050', width: '00281051', voiFunction: '00281056',
  shape: '20500020', outputLut: '20500010', rotation: '00700042', flip: '00700041',
  areas: '0070005A', areaFrom: '00700052', areaTo: '00700053', sizeMode: '00700100', spacing: '00700101', ratio: '00700103',
  shutterShape: '00181600', left: '00181602', right: '00181604', upper: '00181606', lower: '00181608',
  middle: '00181610', radius: '00181612', vertices: '00181620', shutterGrey: '00181622', shutterLab: '00181624',
  mask: '00286100',
} as const;

export const GRAYSCALE = '1.2.840.10008.5.1.4.1.1.11.1';
const CSS_PIXELS_A_MILLIMETRE = 96 / 25.4;
const MOST_VERTICES = 1000;

/** Every picture that the state is for; frames count from 1. */
export function referencesOf(dataset: Dataset): Reference[] {
  const series = seriesOf({ ...dataset, [TAG.seriesList]: withInstances(dataset) });
  const found: Reference[] = [];
  for (const item of items(dataset, TAG.seriesList).flatMap((one) => items(one, TAG.images))) {
    const instance = words(item, TAG.imageInstance);
    const frames = framesOf(item);
    for (const frame of frames.length > 0 ? frames : [1]) found.push({ instance, frame, series: series.get(instance) ?? '' });
  }
  return found;
}

/** Presentation states name pictures where reports name instances. */
function withInstances(dataset: Dataset) {
  const Value = items(dataset, TAG.seriesList).map((one) => ({ ...one, '00081199': one[TAG.images] }));
  return { vr: 'SQ', Value };
}

function framesOf(item: Dataset): number[] {
  return (item[TAG.imageFrames]?.Value ?? []).map(Number).filter((frame) => Number.isInteger(frame) && frame > 0);
}

/** Whether an item, or the whole state, is for a picture: without a list it is for all that the state names. */
function isFor(item: Dataset, image: Pick<StackImage, 'instance' | 'frame'>): boolean {
  const named = items(item, TAG.images);
  return named.length === 0 || named.some((one) => words(one, TAG.imageInstance) === image.instance && (framesOf(one).length === 0 || framesOf(one).includes(image.frame)));
}

/** Fetches the tables that the state holds and makes it ready. Rejects with ViewerError when it is not whole. */
export async function readState(dataset: Dataset, client: DicomWeb, signal?: AbortSignal): Promise<PresentationState> {
  const path = instancePath(text(dataset, TAG.study), text(dataset, TAG.series), text(dataset, TAG.instance));
  const lut = async (item: Dataset | undefined) => (item ? readLut(item, client, path, signal) : null);
  const modality = (await lut(items(dataset, TAG.modalityLut)[0])) ?? rescale(dataset);
  const output = await lut(items(dataset, TAG.outputLut)[0]);
  const windows = await Promise.all(
    items(dataset, TAG.softcopyVoi).map(async (item) => ({ item, voi: (await lut(items(item, TAG.voiLut)[0])) ?? voiWindow(item) })),
  );
  const references = items(dataset, TAG.seriesList).flatMap((one) => items(one, TAG.images));
  const whole: Dataset = { [TAG.images]: { vr: 'SQ', Value: references } };
  const inverted = text(dataset, TAG.shape) === 'INVERSE';
  const rotation = [90, 180, 270].find((turn) => turn === number(dataset, TAG.rotation)) ?? 0;
  const flip = text(dataset, TAG.flip) === 'Y';
  const shutterColour = statedColour(dataset, TAG.shutterLab, TAG.shutterGrey, '#000');
  const shutters = shuttersOf(dataset);
  const unknown = new Set<string>();
  drawingsOf(dataset, () => true, (point) => point).unknown.forEach((type) => unknown.add(type));
  return {
    label: [words(dataset, TAG.label), words(dataset, TAG.description)].filter((part) => part !== '').join(' ').slice(0, 80),
    creator: person(dataset, TAG.creator),
    notes: notes(dataset, [...unknown]),
    of: (image) => {
      if (references.length === 0 || !isFor(whole, image)) return undefined;
      const grey: GreySteps = { modality, voi: windows.find(({ item }) => isFor(item, image))?.voi ?? null, output };
      const area = areaOf(items(dataset, TAG.areas).find((item) => isFor(item, image)));
      const size: Place = [number(image.dataset, '00280011') ?? 1, number(image.dataset, '00280010') ?? 1];
      const place = (point: Place) => fromDisplay(point, area ?? { from: [0, 0], to: size }, rotation, flip);
      const { drawings } = drawingsOf(dataset, (item) => isFor(item, image), place);
      return { grey, inverted, rotation, flip, area, shutters, shutterColour, drawings } satisfies ImagePresentation;
    },
  };
}

function rescale(dataset: Dataset): GreySteps['modality'] {
  const [slope, intercept] = [number(dataset, TAG.slope), number(dataset, TAG.intercept)];
  return slope === undefined || intercept === undefined ? null : { slope, intercept };
}

function voiWindow(item: Dataset): VoiWindow | null {
  const [width, center] = [number(item, TAG.width), number(item, TAG.center)];
  if (width === undefined || center === undefined || width <= 0) return null;
  const shape = (['LINEAR_EXACT', 'SIGMOID'] as const).find((name) => name === text(item, TAG.voiFunction)) ?? 'LINEAR';
  return shape === 'LINEAR' && width < 1 ? null : { width, center, shape };
}

async function readLut(item: Dataset, client: DicomWeb, path: string, signal?: AbortSignal): Promise<Lut | null> {
  const [entries, first, bits] = numbers(item, TAG.descriptor, 3) ?? [];
  if (entries === undefined || first === undefined || bits === undefined || bits < 1 || bits > 16) return null;
  const count = entries === 0 ? 65536 : entries;
  const element = item[TAG.lutData];
  const values = Array.isArray(element?.Value) ? Uint16Array.from(element.Value.map(Number)) : unpack(await bytesOf(client, element, path, signal), count);
  return values.length === 0 ? null : { first, bits, values: values.subarray(0, count) };
}

/** Little endian words; bytes where there are too few for words (PS3.3 C.11.1.1.1). */
function unpack(bytes: Uint8Array, count: number): Uint16Array {
  if (bytes.length < 2 * count) return Uint16Array.from(bytes);
  return Uint16Array.from({ length: count }, (_, at) => (bytes[2 * at] ?? 0) | ((bytes[2 * at + 1] ?? 0) << 8));
}

/** The corner pixels count from 1; the area ends at their outer edges. */
function areaOf(item: Dataset | undefined): Area | null {
  const [x0, y0] = (item && numbers(item, TAG.areaFrom, 2)) ?? [];
  const [x1, y1] = (item && numbers(item, TAG.areaTo, 2)) ?? [];
  if (!item || x0 === undefined || y0 === undefined || x1 === undefined || y1 === undefined) return null;
  const from: Place = [Math.min(x0, x1) - 1, Math.min(y0, y1) - 1];
  const to: Place = [Math.max(x0, x1), Math.max(y0, y1)];
  return { from, to, magnification: magnification(item) };
}

/** CSS pixels of a column; 0 where the area is to fill the pane. */
function magnification(item: Dataset): number {
  const mode = text(item, TAG.sizeMode);
  if (mode === 'MAGNIFY') return Math.max(0, number(item, TAG.ratio) ?? 0) / (globalThis.devicePixelRatio || 1);
  const [, between] = numbers(item, TAG.spacing, 2) ?? [];
  return mode === 'TRUE SIZE' && between !== undefined && between > 0 ? between * CSS_PIXELS_A_MILLIMETRE : 0;
}

/** PS3.3 C.7.6.11: pixels count from 1, rows are named before columns where both are. */
function shuttersOf(dataset: Dataset): Place[][] {
  const shapes = (dataset[TAG.shutterShape]?.Value ?? []).map(String);
  const found: Place[][] = [];
  const [left, right, upper, lower] = [TAG.left, TAG.right, TAG.upper, TAG.lower].map((tag) => number(dataset, tag));
  if (shapes.includes('RECTANGULAR') && left !== undefined && right !== undefined && upper !== undefined && lower !== undefined) {
    found.push([[left - 1, upper - 1], [right, upper - 1], [right, lower], [left - 1, lower]]);
  }
  const [row, column] = numbers(dataset, TAG.middle, 2) ?? [];
  const radius = number(dataset, TAG.radius);
  if (shapes.includes('CIRCULAR') && row !== undefined && column !== undefined && radius !== undefined) {
    found.push(round([column - 0.5, row - 0.5], [radius, 0], [0, radius]));
  }
  const vertices = (dataset[TAG.vertices]?.Value ?? []).slice(0, 2 * MOST_VERTICES).map(Number);
  if (shapes.includes('POLYGONAL') && vertices.length >= 6 && vertices.every(Number.isFinite)) {
    found.push(Array.from({ length: vertices.length >> 1 }, (_, at) => [(vertices[2 * at + 1] ?? 0) - 0.5, (vertices[2 * at] ?? 0) - 0.5]));
  }
  return found;
}

/** What the state asks for and is not done: it must not be missed in silence. */
function notes(dataset: Dataset, unknown: readonly string[]): string[] {
  const tags = Object.keys(dataset);
  const found: string[] = [];
  if (tags.some((tag) => /^60..(3000|1001)$/i.test(tag))) found.push(say('presentation.noOverlays'));
  if ((dataset[TAG.shutterShape]?.Value ?? []).some((shape) => !['RECTANGULAR', 'CIRCULAR', 'POLYGONAL'].includes(String(shape)))) found.push(say('presentation.noBitmapShutter'));
  if (items(dataset, TAG.mask).length > 0) found.push(say('presentation.noMask'));
  if (items(dataset, TAG.areas).some((item) => text(item, TAG.sizeMode) === 'TRUE SIZE')) found.push(say('presentation.nominalSize'));
  if (unknown.length > 0) found.push(say('presentation.noGraphics', { types: unknown.slice(0, 6).join(' ') }));
  return found;
}

/** Why a state of this class is not applied at all; null when it is. */
export function refusal(dataset: Dataset): string | null {
  const sopClass = text(dataset, TAG.sopClass);
  if (sopClass === GRAYSCALE) return null;
  const leaf = sopClass.slice(sopClass.lastIndexOf('.') + 1);
  return say(leaf === '2' || leaf === '3' ? 'presentation.noColour' : leaf === '4' || leaf === '8' ? 'presentation.noBlending' : 'presentation.otherKind');
}
