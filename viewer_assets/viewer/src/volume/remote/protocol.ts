import type { Edges } from '../../engine/orientation';
import type { Vec3 } from '../../engine/vector';
import type { Grid } from '../grid';
import type { Slicing } from '../planes';

/** What the node says (docs/architecture.md, "Render"), checked. Millimetres in the patient's space. */
export type Message =
  | { type: 'busy'; before: number }
  | { type: 'loading'; done: number; total: number }
  | Opened
  | { type: 'cuts'; seq: number; count: number; taken: number }
  | { type: 'value'; seq: number; value: number | null }
  | { type: 'point'; seq: number; point: Vec3 | null }
  | { type: 'lost' }
  | { type: 'error'; code: string; message: string };

export interface Opened {
  type: 'opened';
  grid: Grid;
  unit: string;
  /** Least and greatest value without the outermost half percent. */
  usual: readonly [number, number];
  inverted: boolean;
  every: number;
}

/** A picture's header; `pixel` in millimetres of one of its own pixels. */
export interface Frame {
  number: number;
  pane: number;
  /** The newest view that it shows. */
  seq: number;
  format: 'jpeg' | 'png';
  width: number;
  height: number;
  pixel: number;
  right: Vec3;
  down: Vec3;
  centre: Vec3;
  edges: Edges;
  sharp: boolean;
  slicing: Slicing | null;
}

type Fields = Record<string, unknown>;

/** Undefined for what is no message of the contract. */
export function readMessage(text: string): Message | undefined {
  const fields = parsed(text);
  if (!fields) return undefined;
  const seq = count(fields.seq);
  switch (fields.type) {
    case 'busy':
      return known({ type: 'busy', before: count(fields.before) });
    case 'loading':
      return known({ type: 'loading', done: count(fields.done), total: count(fields.total) });
    case 'cuts':
      return known({ type: 'cuts', seq, count: count(fields.count), taken: count(fields.taken) });
    case 'value':
      return known({ type: 'value', seq, value: fields.value === null ? null : finite(fields.value) });
    case 'point':
      return known({ type: 'point', seq, point: fields.point === null ? null : vector(fields.point) });
    case 'lost':
      return { type: 'lost' };
    case 'error':
      return known({ type: 'error', code: short(fields.code), message: short(fields.message) });
    case 'opened':
      return readOpened(fields);
    default:
      return undefined;
  }
}

/** The header and the picture of a binary message; undefined for what is none. */
export function readFrame(data: ArrayBuffer): { frame: Frame; picture: Uint8Array<ArrayBuffer> } | undefined {
  if (data.byteLength < 4) return undefined;
  const length = new DataView(data).getUint32(0, true);
  if (length > MOST_HEADER || 4 + length > data.byteLength) return undefined;
  const fields = parsed(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  if (fields?.type !== 'frame') return undefined;
  const { edges, slice } = fields;
  const frame = known<Frame>({
    number: count(fields.number),
    pane: count(fields.pane),
    seq: count(fields.seq),
    format: fields.format === 'jpeg' || fields.format === 'png' ? fields.format : undefined,
    width: count(fields.width),
    height: count(fields.height),
    pixel: finite(fields.pixel),
    right: vector(fields.right),
    down: vector(fields.down),
    centre: vector(fields.centre),
    edges: isFields(edges) ? known<Edges>({ top: short(edges.top), right: short(edges.right), bottom: short(edges.bottom), left: short(edges.left) }) : undefined,
    sharp: truth(fields.sharp),
    slicing: slice === undefined ? null : readSlicing(slice),
  });
  return frame && { frame, picture: new Uint8Array(data, 4 + length) };
}

const MOST_HEADER = 65_536;
const LONGEST = 400;
const MOST_SIDE = 100_000;

function readOpened(fields: Fields): Opened | undefined {
  const { grid, usual } = fields;
  if (!isFields(grid) || !Array.isArray(grid.steps) || grid.steps.length !== 3) return undefined;
  const steps = grid.steps.map(vector);
  const size = vector(grid.size);
  const right = size?.every((side) => Number.isInteger(side) && side >= 1 && side <= MOST_SIDE);
  const box = known<Grid>({ size: right ? size : undefined, origin: vector(grid.origin), steps: steps.every((step) => step) ? (steps as unknown as Grid['steps']) : undefined });
  const [least, greatest] = Array.isArray(usual) ? usual.map(finite) : [];
  return known<Opened>({
    type: 'opened',
    grid: box,
    unit: typeof fields.unit === 'string' ? fields.unit.slice(0, 16) : undefined,
    usual: least !== undefined && greatest !== undefined ? [least, greatest] : undefined,
    inverted: truth(fields.inverted),
    every: count(fields.every),
  });
}

function readSlicing(slice: unknown): Slicing | undefined {
  if (!isFields(slice)) return undefined;
  return known<Slicing>({ position: finite(slice.position), step: finite(slice.step), index: count(slice.index), count: count(slice.count) });
}

/** The whole of it, when no part is undefined. */
function known<Whole extends object>(parts: { [Key in keyof Whole]: Whole[Key] | undefined }): Whole | undefined {
  return Object.values(parts).includes(undefined) ? undefined : (parts as Whole);
}

function parsed(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function truth(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function short(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, LONGEST) : undefined;
}

function vector(value: unknown): Vec3 | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const numbers = value.map(finite);
  return numbers.includes(undefined) ? undefined : (numbers as unknown as Vec3);
}
