import { frameDataset, number, numbers, TAG, text } from '../dicomweb/dataset';
import type { Dataset } from '../dicomweb/types';
import { axes } from '../engine/axes';
import { edgeLetters, statedEdges, statedOrientation, type Edges } from '../engine/orientation';
import { windowToRange } from '../engine/presets';

/** What is needed to draw a grey picture without the engine, from its attributes alone. */
export interface Sketch {
  columns: number;
  rows: number;
  /** Bytes a value, 1 or 2. */
  bytes: 1 | 2;
  signed: boolean;
  stored: number;
  slope: number;
  intercept: number;
  lower: number;
  upper: number;
  inverted: boolean;
  edges: Edges | null;
}

const GREY = new Set(['MONOCHROME1', 'MONOCHROME2']);

/**
 * Undefined for whatever needs more than a linear window over square grey pixels: colours, tables,
 * sigmoid windows, and pictures that give no window of their own. Those wait for the engine.
 */
export function sketch(instance: Dataset, frame: number): Sketch | undefined {
  const dataset = frameDataset(instance, frame);
  const [rows, columns] = [number(dataset, TAG.rows), number(dataset, TAG.columns)];
  const [allocated, stored] = [number(dataset, TAG.bitsAllocated), number(dataset, TAG.bitsStored)];
  const [width, center] = [number(dataset, TAG.windowWidth), number(dataset, TAG.windowCenter)];
  const photometric = text(dataset, TAG.photometric);
  if (!rows || !columns || !stored || (allocated !== 8 && allocated !== 16) || number(dataset, TAG.highBit) !== stored - 1) return undefined;
  if (!GREY.has(photometric) || width === undefined || center === undefined || width < 1) return undefined;
  if (!['', 'LINEAR'].includes(text(dataset, TAG.voiFunction)) || dataset[TAG.modalityLut] || !hasSquarePixels(dataset)) return undefined;
  return {
    columns,
    rows,
    bytes: allocated === 8 ? 1 : 2,
    signed: number(dataset, TAG.pixelRepresentation) === 1,
    stored,
    slope: number(dataset, TAG.slope) ?? 1,
    intercept: number(dataset, TAG.intercept) ?? 0,
    ...windowToRange({ width, center }),
    inverted: photometric === 'MONOCHROME1',
    edges: edgesOf(dataset),
  };
}

function hasSquarePixels(dataset: Dataset): boolean {
  const aspect = numbers(dataset, '00280034', 2);
  if (aspect && aspect[0] !== aspect[1]) return false;
  return [TAG.pixelSpacing, TAG.imagerPixelSpacing].every((tag) => {
    const [row, column] = numbers(dataset, tag, 2) ?? [1, 1];
    return row !== undefined && column !== undefined && Math.abs(row - column) <= 1e-3 * column;
  });
}

/** As the picture lies when it is opened: neither turned nor mirrored. */
export function edgesOf(dataset: Dataset): Edges | null {
  const directions = axes(dataset);
  if (directions) return edgeLetters(directions.row, directions.column);
  const stated = statedOrientation((dataset[TAG.patientOrientation]?.Value ?? []).filter((value) => typeof value === 'string'));
  return stated ? statedEdges(stated, [1, 0, 0], [0, 1, 0]) : null;
}

/** An uncompressed little-endian frame's values; undefined when bytes are missing. */
export function nativeValues({ rows, columns, bytes, signed, stored }: Sketch, frame: Uint8Array): ArrayLike<number> | undefined {
  const count = rows * columns;
  if (frame.length < count * bytes) return undefined;
  // Bits above Bits Stored may hold an overlay (PS3.5 8.1.1); the sign lies at the highest stored bit.
  const unused = bytes * 8 - stored;
  const view = new DataView(frame.buffer, frame.byteOffset, count * bytes);
  const at = bytes === 1 ? (i: number) => view.getUint8(i) : (i: number) => view.getUint16(2 * i, true);
  const shift = 32 - stored;
  const values = signed ? new Int16Array(count) : new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    const raw = at(i);
    values[i] = unused === 0 && !signed ? raw : signed ? (raw << shift) >> shift : (raw << shift) >>> shift;
  }
  return values;
}

/** Opaque greys, four bytes a pixel (PS3.3 C.11.2.1.2.1). */
export function paint({ rows, columns, slope, intercept, lower, upper, inverted }: Sketch, values: ArrayLike<number>): Uint8ClampedArray<ArrayBuffer> {
  const picture = new Uint8ClampedArray(rows * columns * 4);
  const factor = 255 / Math.max(upper - lower, Number.EPSILON);
  for (let i = 0; i < rows * columns; i++) {
    const grey = ((values[i] ?? 0) * slope + intercept - lower) * factor;
    const value = inverted ? 255 - grey : grey;
    picture[4 * i] = picture[4 * i + 1] = picture[4 * i + 2] = value;
    picture[4 * i + 3] = 255;
  }
  return picture;
}
