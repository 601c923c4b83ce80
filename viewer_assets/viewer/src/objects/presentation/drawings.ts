import { items, number } from '../../dicomweb/dataset';
import type { Dataset } from '../../dicomweb/types';
import type { Drawing, Place } from '../../engine/presentation';
import { words } from '../report/content';
import { statedColour } from './colour';
import { circle, ellipse, smooth } from './shapes';

/** The graphic annotations of a presentation state (PS3.3 C.10.5) in pixels of the picture. */

const TAG = {
  annotations: '00700001', layer: '00700002', layers: '00700060', order: '00700062', grey: '00700066', lab: '00700401',
  texts: '00700008', text: '00700006', boxUnits: '00700003', anchorUnits: '00700004', boxFrom: '00700010', boxTo: '00700011',
  align: '00700012', anchor: '00700014', anchorVisible: '00700015', graphics: '00700009', units: '00700005', dimensions: '00700020',
  points: '00700021', coordinates: '00700022', type: '00700023', filled: '00700024', compound: '00700209',
} as const;

const MOST_DRAWINGS = 2000;
const MOST_POINTS = 20_000;
const MOST_LINES = 40;
const LONGEST_TEXT = 1024;
const COLOUR = '#ffe45c';

/** Shapes by their Graphic Type: how many points they need, and what they are made to. */
const SHAPES: Record<string, [least: number, make: (points: readonly Place[]) => Place[]]> = {
  POLYLINE: [2, (points) => [...points]],
  INTERPOLATED: [2, smooth],
  CIRCLE: [2, ([middle, edge]) => circle([middle, edge] as [Place, Place])],
  ELLIPSE: [4, (points) => ellipse(points.slice(0, 4) as unknown as [Place, Place, Place, Place])],
};

export interface Drawn {
  drawings: Drawing[];
  /** Types of annotations that are not drawn. */
  unknown: string[];
}

/** What the items that are for this picture draw, the lowest layer first. `place` puts a point of DISPLAY units into the picture. */
export function drawingsOf(dataset: Dataset, isFor: (item: Dataset) => boolean, place: (point: Place) => Place): Drawn {
  const layers = new Map(items(dataset, TAG.layers).map((layer) => [words(layer, TAG.layer), layer]));
  const order = (item: Dataset) => number(layers.get(words(item, TAG.layer)) ?? {}, TAG.order) ?? 0;
  const wanted = items(dataset, TAG.annotations).filter(isFor).sort((a, b) => order(a) - order(b));
  const unknown = new Set<string>();
  const drawings: Drawing[] = [];
  for (const item of wanted) {
    const colour = statedColour(layers.get(words(item, TAG.layer)) ?? {}, TAG.lab, TAG.grey, COLOUR);
    for (const graphic of items(item, TAG.graphics)) {
      const drawing = graphicOf(graphic, colour, place);
      if (drawing) drawings.push(drawing);
      else unknown.add(words(graphic, TAG.type).slice(0, 16));
    }
    for (const text of items(item, TAG.texts)) {
      const drawing = textOf(text, colour, place);
      if (drawing) drawings.push(drawing);
      else unknown.add('TEXT');
    }
    for (const compound of items(item, TAG.compound)) unknown.add(words(compound, '00700294').slice(0, 16) || 'COMPOUND');
  }
  return { drawings: drawings.slice(0, MOST_DRAWINGS), unknown: [...unknown] };
}

function placed(point: Place, units: string, place: (point: Place) => Place): Place | null {
  if (units === 'PIXEL') return point;
  return units === 'DISPLAY' ? place(point) : null;
}

function pair(dataset: Dataset, tag: string): Place | null {
  const [x, y] = [number(dataset, tag, 0), number(dataset, tag, 1)];
  return x === undefined || y === undefined ? null : [x, y];
}

function graphicOf(item: Dataset, colour: string, place: (point: Place) => Place): Drawing | null {
  const count = Math.min(MOST_POINTS, number(item, TAG.points) ?? 0);
  const points: Place[] = [];
  for (let at = 0; at < count; at++) {
    const [x, y] = [number(item, TAG.coordinates, 2 * at), number(item, TAG.coordinates, 2 * at + 1)];
    const point = x === undefined || y === undefined ? null : placed([x, y], words(item, TAG.units), place);
    if (!point) return null;
    points.push(point);
  }
  const type = words(item, TAG.type);
  const [first] = points;
  if (type === 'POINT') return first ? { kind: 'point', at: first, colour } : null;
  const shape = SHAPES[type];
  if (!shape || points.length < shape[0]) return null;
  return { kind: 'path', points: shape[1](points), filled: words(item, TAG.filled) === 'Y', colour };
}

const ALIGN: Record<string, 'start' | 'middle' | 'end'> = { CENTER: 'middle', RIGHT: 'end' };

function textOf(item: Dataset, colour: string, place: (point: Place) => Place): Drawing | null {
  const at = (tag: string, units: string) => {
    const point = pair(item, tag);
    return point && placed(point, words(item, units), place);
  };
  const [from, to, anchor] = [at(TAG.boxFrom, TAG.boxUnits), at(TAG.boxTo, TAG.boxUnits), at(TAG.anchor, TAG.anchorUnits)];
  const box = from && to ? ([from, to] as const) : null;
  if (!box && !anchor) return null;
  const lines = words(item, TAG.text).slice(0, LONGEST_TEXT).split(/\r\n|\r|\n/).slice(0, MOST_LINES);
  return { kind: 'text', lines, box, anchor, visibleAnchor: words(item, TAG.anchorVisible) === 'Y', align: ALIGN[words(item, TAG.align)] ?? 'start', colour };
}
