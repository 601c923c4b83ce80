import { instancePath } from '../../dicomweb/client';
import { items, number, numbers, text, texts, TAG } from '../../dicomweb/dataset';
import { ViewerError } from '../../dicomweb/errors';
import type { Dataset } from '../../dicomweb/types';

/** A whole slide (PS3.3 A.32.8, C.8.12.4): its levels, from all volume instances of a series. */
export interface Slide {
  /** The largest first; what lies on the slide is told in its pixels. */
  levels: readonly Level[];
  /** Millimetres between columns and between rows of the largest level; null when the file does not tell. */
  spacing: readonly [column: number, row: number] | null;
  /** Of the lens (PS3.3 C.8.12.5), null when the file does not tell. */
  objective: number | null;
  /** Focal planes of all optical paths, one after the other; 1 is the rule. */
  layers: number;
  label: Whole | null;
  overview: Whole | null;
  /** Volume instances that are of another shape, or of a size that is there already. */
  others: number;
}

/** A picture that is shown as a whole. */
export interface Whole {
  path: string;
}

/** A tile as it is stored. Place and size in pixels of its level. */
export interface Tile {
  /** Among the tiles of the level; names it in the store. */
  key: string;
  /** Undefined where the file has none. */
  frame: number | undefined;
  part: Part | undefined;
  x: number;
  y: number;
}

/** Frames of one instance; a level has several when it is a concatenation (PS3.3 C.7.6.16.2.2.4). */
export interface Part {
  path: string;
  instance: string;
  dataset: Dataset;
  /** How many frames of the level come before. */
  offset: number;
  count: number;
}

export interface Level {
  index: number;
  columns: number;
  rows: number;
  tile: readonly [columns: number, rows: number];
  /** Pixels of the largest level for one of this. */
  factor: readonly [column: number, row: number];
  parts: readonly Part[];
  /** Tiles by the cell of the grid that holds their corner, where each frame has a place of its own. */
  placed: ReadonlyMap<string, readonly Tile[]> | null;
}

const SLIDE = {
  columns: '00480006', rows: '00480007', planes: '00480303', paths: '00480302', width: '00480001', organization: '00209311',
  concatenation: '00209161', offset: '00209228', position: '0048021A', column: '0048021E', row: '0048021F', z: '0040074A',
  opticalPath: '00480207', pathId: '00480106', pathList: '00480105', power: '00480112',
} as const;

const LARGEST_MATRIX = 2 ** 24;
const LARGEST_TILE = 4096;
const MOST_FRAMES = 2 ** 21;
const SAME_SHAPE = 0.02;

function flavour(dataset: Dataset): string {
  return texts(dataset, TAG.imageType)[2] ?? '';
}

/** Throws ViewerError `object_invalid` when there is nothing of which a slide can be made. */
export function readSlide(study: string, series: string, datasets: readonly Dataset[]): Slide {
  const path = (dataset: Dataset) => instancePath(study, series, text(dataset, TAG.sopInstance));
  const whole = (kind: string) => {
    const found = datasets.find((dataset) => flavour(dataset) === kind);
    return found ? { path: path(found) } : null;
  };
  const volumes = datasets.filter((dataset) => !['LABEL', 'OVERVIEW'].includes(flavour(dataset)));
  const groups = new Map<string, Dataset[]>();
  for (const dataset of volumes) {
    const name = text(dataset, SLIDE.concatenation) || text(dataset, TAG.sopInstance);
    groups.set(name, [...(groups.get(name) ?? []), dataset]);
  }
  const read = [...groups.values()].map((group) => readLevel(group, path)).sort((a, b) => b.columns - a.columns || b.rows - a.rows);
  const [base] = read;
  if (!base) throw new ViewerError('object_invalid', 'no volume image');
  const levels: Level[] = [];
  for (const level of read) {
    const alike = Math.abs(level.columns / level.rows / (base.columns / base.rows) - 1) < SAME_SHAPE + 1 / level.rows + 1 / level.columns;
    if (!alike || levels.some(({ columns }) => columns === level.columns)) continue;
    levels.push({ ...level, index: levels.length, factor: [base.columns / level.columns, base.rows / level.rows] });
  }
  const first = base.parts[0]?.dataset ?? {};
  const layers = Math.max(1, number(first, SLIDE.planes) ?? 1) * Math.max(1, number(first, SLIDE.paths) ?? 1);
  return {
    levels,
    spacing: spacingOf(first, base.columns),
    objective: objectiveOf(first),
    layers: base.placed ? layersIn(base.placed) : Math.min(layers, Math.max(1, Math.floor(frames(base.parts) / tilesIn(base)))),
    label: whole('LABEL'),
    overview: whole('OVERVIEW'),
    others: read.length - levels.length,
  };
}

function frames(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => Math.max(sum, part.offset + part.count), 0);
}

function readLevel(group: readonly Dataset[], path: (dataset: Dataset) => string): Omit<Level, 'index' | 'factor'> {
  const sorted = [...group].sort((a, b) => (number(a, SLIDE.offset) ?? 0) - (number(b, SLIDE.offset) ?? 0));
  const first = sorted[0] ?? {};
  const [tileColumns, tileRows] = [number(first, TAG.columns) ?? 0, number(first, TAG.rows) ?? 0];
  const [columns, rows] = [number(first, SLIDE.columns) ?? tileColumns, number(first, SLIDE.rows) ?? tileRows];
  const sound = (value: number, most: number) => Number.isInteger(value) && value >= 1 && value <= most;
  if (!sound(columns, LARGEST_MATRIX) || !sound(rows, LARGEST_MATRIX) || !sound(tileColumns, LARGEST_TILE) || !sound(tileRows, LARGEST_TILE)) {
    throw new ViewerError('object_invalid', `a matrix of ${columns}×${rows} in tiles of ${tileColumns}×${tileRows}`);
  }
  const parts = sorted.map((dataset) => ({
    path: path(dataset),
    instance: text(dataset, TAG.sopInstance),
    dataset,
    offset: Math.max(0, number(dataset, SLIDE.offset) ?? 0),
    count: Math.min(MOST_FRAMES, Math.max(1, number(dataset, TAG.frames) ?? 1)),
  }));
  const tile: [number, number] = [tileColumns, tileRows];
  const full = text(first, SLIDE.organization) === 'TILED_FULL' || parts.every(({ dataset }) => items(dataset, TAG.perFrame).every((group) => !position(group)));
  return { columns, rows, tile, parts, placed: full ? null : placedTiles(parts, tile) };
}

/** Column and row of the tile's corner, counted from 0 (PS3.3 C.8.12.6.1). */
function position(group: Dataset): [number, number] | undefined {
  const [item] = items(group, SLIDE.position);
  const [column, row] = item ? [number(item, SLIDE.column), number(item, SLIDE.row)] : [];
  return column === undefined || row === undefined ? undefined : [column - 1, row - 1];
}

function placedTiles(parts: readonly Part[], [tileColumns, tileRows]: readonly [number, number]): Map<string, Tile[]> {
  const found = new Map<string, Tile[]>();
  const layers = new Map<string, number>();
  for (const part of parts) {
    items(part.dataset, TAG.perFrame).slice(0, part.count).forEach((group, at) => {
      const corner = position(group);
      if (!corner) return;
      const [optical, plane] = [items(group, SLIDE.opticalPath)[0], items(group, SLIDE.position)[0]];
      const name = `${optical ? text(optical, SLIDE.pathId) : ''}/${plane ? (number(plane, SLIDE.z) ?? '') : ''}`;
      if (!layers.has(name)) layers.set(name, layers.size);
      const layer = layers.get(name) ?? 0;
      const [x, y] = corner;
      const cell = `${layer}/${Math.floor(x / tileColumns)}/${Math.floor(y / tileRows)}`;
      found.set(cell, [...(found.get(cell) ?? []), { key: `f${part.offset + at}`, frame: at + 1, part, x, y }]);
    });
  }
  return found;
}

function layersIn(placed: ReadonlyMap<string, unknown>): number {
  let most = 0;
  for (const cell of placed.keys()) most = Math.max(most, Number(cell.slice(0, cell.indexOf('/'))));
  return most + 1;
}

function across({ columns, tile }: Pick<Level, 'columns' | 'tile'>): number {
  return Math.ceil(columns / tile[0]);
}

function tilesIn(level: Pick<Level, 'columns' | 'rows' | 'tile'>): number {
  return across(level) * Math.ceil(level.rows / level.tile[1]);
}

/** The tiles of a layer in one cell of a level's grid; one without a frame where the file has none. */
export function tilesAt(level: Level, layer: number, cellX: number, cellY: number): readonly Tile[] {
  const [x, y] = [cellX * level.tile[0], cellY * level.tile[1]];
  const none: Tile = { key: `n${layer}/${cellX}/${cellY}`, frame: undefined, part: undefined, x, y };
  if (level.placed) return level.placed.get(`${layer}/${cellX}/${cellY}`) ?? [none];
  // PS3.3 C.7.6.17.3: along the rows, then downwards, then the planes and the optical paths.
  const frame = layer * tilesIn(level) + cellY * across(level) + cellX;
  const part = level.parts.find(({ offset, count }) => frame >= offset && frame < offset + count);
  return [part ? { key: `f${frame}`, frame: frame - part.offset + 1, part, x, y } : none];
}

function spacingOf(dataset: Dataset, columns: number): Slide['spacing'] {
  const shared = items(dataset, TAG.shared)[0] ?? {};
  const measures = items(shared, '00289110')[0] ?? dataset;
  const [row, column] = numbers(measures, TAG.pixelSpacing, 2) ?? [];
  if (row !== undefined && column !== undefined && row > 0 && column > 0) return [column, row];
  const width = number(dataset, SLIDE.width);
  return width !== undefined && width > 0 ? [width / columns, width / columns] : null;
}

function objectiveOf(dataset: Dataset): number | null {
  const power = items(dataset, SLIDE.pathList).map((item) => number(item, SLIDE.power)).find((value) => value !== undefined && value > 0);
  return power ?? null;
}
