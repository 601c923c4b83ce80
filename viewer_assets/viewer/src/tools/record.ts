import type { Types as ToolTypes } from '@cornerstonejs/tools';
import { frameInfo, frameOfReference, imageIdOf, type FrameInfo } from '../engine/frames';
import type { Length, Pixel, RegionStats } from '../engine/measure';
import type { CardiothoracicRatio } from '../engine/thorax';
import { valueUnit } from '../engine/values';
import { MEASURE_TOOLS, type MeasureTool } from '../engine/view';
import { trackingOf, type LiveMark, type MarkRecord, type NumberRecord } from '../measurements/record';
import { angleLines, cobbLines, crossedLines, lengthLines, outsideLines, pathLines, probeLines, ratioLines, regionLines, widthLines } from './format';
import type { Stats } from './stats';
import { storedPixel, toPixel, toWorld } from './target';

/** DICOM counts from the corner of the first pixel, the viewer from its middle. */
const CORNER = 0.5;
const CLOSED: ReadonlySet<string> = new Set(['ellipse', 'rectangle', 'freehand']);
const TYPED: ReadonlySet<string> = new Set(['text', 'arrow']);

const kept = (unit: Length['unit'] | RegionStats['areaUnit']): string => unit.replace('²', '2');

/** What is shown of a mark, number by number. */
export function numbersOf(tool: MeasureTool, stats: Partial<Stats>, unit: string, spacingUnit: 'mm' | 'px'): NumberRecord[] {
  const number = (name: string, value: unknown, of: string) => (typeof value === 'number' && Number.isFinite(value) ? [{ name, value, unit: of }] : []);
  const length = (name: string, value: unknown) => {
    const { length: long, unit: of } = (value ?? {}) as Partial<Length>;
    return of === undefined ? [] : number(name, long, of);
  };
  if (stats.areaUnit !== undefined) {
    const region = stats as unknown as RegionStats;
    const values = (['mean', 'deviation', 'min', 'max', 'sum'] as const).flatMap((name) => number(name, region[name], unit));
    return [...number('area', region.area, kept(region.areaUnit)), ...values, ...number('perimeter', region.perimeter, region.unit)];
  }
  switch (tool) {
    case 'length':
      return length('length', stats);
    case 'width':
      return [...length('length', stats.length), ...length('width', stats.width)];
    case 'path':
      return length('path', stats);
    case 'angle':
    case 'cobb':
      return number(tool, stats.angle, 'deg');
    case 'probe': {
      const { value } = stats;
      if (!Array.isArray(value)) return number('value', value, unit);
      return ['red', 'green', 'blue'].flatMap((name, at) => number(name, value[at], ''));
    }
    case 'ratio': {
      const { ratio, right, left, thorax } = stats as Partial<CardiothoracicRatio>;
      const percent = ratio === undefined ? [] : number('ratio', ratio * 100, '%');
      return [...percent, ...number('right', right, spacingUnit), ...number('left', left, spacingUnit), ...number('thorax', thorax, spacingUnit)];
    }
    default:
      return [];
  }
}

/** The way back: what the reader saw when the mark was saved, without its picture. */
export function statsOf({ kind, closed, text, points, numbers }: MarkRecord, info: FrameInfo, author?: string): Stats {
  const spacing = info.calibration.kind;
  const found = new Map(numbers.map((number) => [number.name, number]));
  const value = (name: string) => found.get(name)?.value;
  const length = (name: string): Length | undefined => {
    const number = found.get(name);
    return number && { length: number.value, unit: number.unit === 'mm' ? 'mm' : 'px' };
  };
  const none = (lines: string[]): Stats => ({ lines: author === undefined ? lines : [] });
  if (CLOSED.has(kind) || closed) {
    const area = found.get('area');
    // Cornerstone works it out anew where there is none.
    if (!area) return { areaUnit: 'px²', ...none(crossedLines()) };
    const region: RegionStats = {
      area: area.value,
      areaUnit: area.unit === 'mm2' ? 'mm²' : 'px²',
      perimeter: value('perimeter') ?? 0,
      unit: area.unit === 'mm2' ? 'mm' : 'px',
      count: 0,
    };
    for (const name of ['mean', 'deviation', 'min', 'max', 'sum'] as const) {
      const number = value(name);
      if (number !== undefined) region[name] = number;
    }
    return { ...region, lines: regionLines(region, spacing, found.get('mean')?.unit ?? '') };
  }
  switch (kind) {
    case 'length': {
      const one = length('length');
      return one ? { ...one, lines: lengthLines(one, spacing) } : { unit: 'px', ...none([]) };
    }
    case 'width': {
      const [long, wide] = [length('length'), length('width')];
      return long && wide ? { length: long, width: wide, lines: [...lengthLines(long, spacing), ...widthLines(wide)] } : none([]);
    }
    case 'path': {
      const one = length('path');
      return one ? { ...one, lines: pathLines(one, points.length - 1, spacing) } : none([]);
    }
    case 'angle': {
      const angle = value('angle');
      return angle === undefined ? { angle: 0, ...none([]) } : { angle, lines: angleLines(angle) };
    }
    case 'cobb': {
      const angle = value('cobb');
      return angle === undefined ? none([]) : { angle, lines: cobbLines(angle) };
    }
    case 'probe': {
      const number = found.get('value');
      if (number) return { value: number.value, lines: probeLines(number.value, number.unit) };
      const colour = ['red', 'green', 'blue'].flatMap((name) => value(name) ?? []);
      return colour.length === 3 ? { value: colour, lines: probeLines(colour, '') } : { value: undefined, ...none(outsideLines()) };
    }
    case 'ratio': {
      const [right, left, thorax] = [value('right'), value('left'), value('thorax')];
      if (right === undefined || left === undefined || thorax === undefined) return none([]);
      const percent = value('ratio');
      const parts = { right, left, thorax, ratio: percent === undefined ? undefined : percent / 100 };
      return { ...parts, lines: ratioLines(parts, spacing) };
    }
    default:
      return { lines: text === '' ? [] : [text] };
  }
}

/** Undefined for what is not finished, or is another reader's. */
export function recordOf(mark: ToolTypes.Annotation): LiveMark | undefined {
  const tool = MEASURE_TOOLS.find((name) => name === mark.metadata?.toolName);
  const imageId = mark.metadata?.referencedImageId;
  const info = imageId === undefined ? undefined : frameInfo(imageId);
  if (!tool || !info || mark.annotationUID === undefined || isForeign(mark) || isIncomplete(mark)) return undefined;
  const text = TYPED.has(tool) ? (mark.data.label ?? '') : '';
  if (TYPED.has(tool) && text === '') return undefined;
  const stats = (mark.data.cachedStats as Record<string, Partial<Stats>> | undefined)?.[`imageId:${imageId}`] ?? {};
  const pixels = (mark.data.handles?.points ?? []).map((point) => storedPixel(toPixel(info, point)));
  const points = pixels.map(([column, row]): [number, number] => [column + CORNER, row + CORNER]);
  const { kind } = info.calibration;
  return {
    study: info.image.path.split('/')[2] ?? '',
    record: {
      kind: tool,
      tracking: trackingOf(mark.annotationUID),
      instance: info.image.instance,
      frame: info.image.frame,
      points: tool === 'ellipse' ? longerAxisFirst(points) : points,
      closed: tool === 'path' && mark.data.closed === true,
      text,
      numbers: numbersOf(tool, stats, valueUnit(info.dataset), kind === 'none' || kind === 'region' ? 'px' : 'mm'),
    },
  };
}

/** PS3.3 C.18.6.1.2 begins with the longer axis, cornerstone with the one that is upright. */
function longerAxisFirst(points: [number, number][]): [number, number][] {
  const [a, b, c, d] = points;
  if (!a || !b || !c || !d) return points;
  return (apart(a, b) >= apart(c, d) ? [[a, b], [c, d]] : [[c, d], [a, b]]).flatMap((ends) => ends.sort((one, other) => one[0] - other[0] || one[1] - other[1]));
}

function uprightAxisFirst(points: [number, number][]): [number, number][] {
  const [a, b, c, d] = points;
  if (!a || !b || !c || !d) return points;
  const upright = Math.abs(a[1] - b[1]) >= Math.abs(c[1] - d[1]);
  const [bottom, top, left, right] = upright ? [a, b, c, d] : [c, d, a, b];
  return [...(bottom[1] >= top[1] ? [bottom, top] : [top, bottom]), ...(left[0] <= right[0] ? [left, right] : [right, left])];
}

const apart = (from: Pixel, to: Pixel) => Math.hypot(to[0] - from[0], to[1] - from[1]);

/** Whether the mark was read from another reader's document. */
export function isForeign(mark: ToolTypes.Annotation): boolean {
  return mark.data.author !== undefined;
}

/** Begun and not drawn to its end. */
export function isIncomplete(mark: ToolTypes.Annotation): boolean {
  if (mark.data.sketching !== undefined) return mark.data.sketching === true;
  const points = mark.data.handles?.points ?? [];
  switch (mark.metadata?.toolName) {
    case 'probe':
      return false;
    case 'angle':
      return points.length < 3;
    default:
      return points.every((point) => point.every((value, axis) => value === points[0]?.[axis]));
  }
}

/** As cornerstone keeps it; undefined while its picture is not among those that are open. */
export function annotationOf(record: MarkRecord, author?: string): ToolTypes.Annotation | undefined {
  const imageId = imageIdOf(record.instance, record.frame);
  const info = imageId === undefined ? undefined : frameInfo(imageId);
  const tool = MEASURE_TOOLS.find((name) => name === record.kind);
  if (imageId === undefined || !info || !tool) return undefined;
  const points = tool === 'ellipse' ? uprightAxisFirst(record.points) : record.points;
  const { lines, ...stats } = statsOf(record, info, author);
  const own = author === undefined;
  return {
    // Another reader's marks may be those that the reader has, too.
    annotationUID: own ? record.tracking : crypto.randomUUID(),
    highlighted: false,
    invalidated: false,
    isLocked: !own,
    isVisible: true,
    metadata: { toolName: tool, FrameOfReferenceUID: frameOfReference(info), referencedImageId: imageId },
    data: {
      sketching: false,
      ...(tool === 'path' ? { closed: record.closed } : {}),
      ...(TYPED.has(tool) ? { label: record.text } : {}),
      ...(own ? {} : { author }),
      handles: {
        points: points.map(([column, row]) => toWorld(info, [column - CORNER, row - CORNER])),
        activeHandleIndex: null,
        textBox: { hasMoved: false, worldPosition: [0, 0, 0], worldBoundingBox: { topLeft: [0, 0, 0], topRight: [0, 0, 0], bottomLeft: [0, 0, 0], bottomRight: [0, 0, 0] } },
      },
      cachedStats: { [`imageId:${imageId}`]: { ...stats, lines: own ? lines : [author, ...lines] } },
    },
  } as unknown as ToolTypes.Annotation;
}
