import { FONT } from '../../font';
import type { Level, Tile } from './pyramid';
import type { TileStore } from './store';
import { toPane, visibleTiles, type Size, type View } from './view';

export interface Texts {
  missing: string;
}

/** Names a level's tile among all of the slide's. */
export function storeKey(level: Level, tile: Tile): string {
  return `${level.index}:${tile.key}`;
}

const GROUND = '#20242a';
const MISSING = '#3b3540';
const WORD = '#e9c7c0';

/** Draws what is there of the coarser levels, then the wanted one. What is missing is hatched and says why. */
export function paint(context: CanvasRenderingContext2D, levels: readonly Level[], wanted: Level, layer: number, view: View, pane: Size, store: TileStore<ImageBitmap>, texts: Texts): void {
  const ratio = context.canvas.width / pane[0];
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = GROUND;
  context.fillRect(0, 0, pane[0], pane[1]);
  for (const level of [...levels].reverse()) {
    if (level.index < wanted.index) continue;
    for (const tile of visibleTiles(level, layer, view, pane)) {
      const place = rectangle(level, tile, view, pane, ratio);
      const stored = tile.part ? store.get(storeKey(level, tile)) : { state: 'failed' as const, reason: texts.missing };
      if (stored?.state === 'ready') drawTile(context, stored.picture, level, tile, place);
      else if (stored?.state === 'failed' && level === wanted) drawMissing(context, place, stored.reason);
    }
  }
}

interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Of the part of a tile that lies in the matrix, whole pixels of the screen so that no seams show. */
function rectangle(level: Level, tile: Tile, view: View, pane: Size, ratio: number): Rectangle {
  const [x1, y1] = [Math.min(level.columns, tile.x + level.tile[0]), Math.min(level.rows, tile.y + level.tile[1])];
  const whole = (value: number) => Math.round(value * ratio) / ratio;
  const [left, top] = toPane(view, pane, [tile.x * level.factor[0], tile.y * level.factor[1]]);
  const [right, bottom] = toPane(view, pane, [x1 * level.factor[0], y1 * level.factor[1]]);
  return { x: whole(left), y: whole(top), width: whole(right) - whole(left), height: whole(bottom) - whole(top) };
}

function drawTile(context: CanvasRenderingContext2D, picture: ImageBitmap, level: Level, tile: Tile, { x, y, width, height }: Rectangle): void {
  const [columns, rows] = [Math.min(level.tile[0], level.columns - tile.x), Math.min(level.tile[1], level.rows - tile.y)];
  // Enlarged pixels are shown as they are.
  context.imageSmoothingEnabled = width < columns * 2;
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, columns, rows, x, y, width, height);
}

const HATCH = 14;
const FONT_SIZE = 13;

function drawMissing(context: CanvasRenderingContext2D, { x, y, width, height }: Rectangle, reason: string): void {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.fillStyle = MISSING;
  context.fillRect(x, y, width, height);
  context.strokeStyle = '#ffffff26';
  context.beginPath();
  for (let at = -height; at < width; at += HATCH) {
    context.moveTo(x + at, y + height);
    context.lineTo(x + at + height, y);
  }
  context.stroke();
  context.strokeStyle = '#ffffff59';
  context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
  context.fillStyle = WORD;
  context.font = `${FONT_SIZE}px ${FONT}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  if (width > 60 && height > 20) context.fillText(reason, x + width / 2, y + height / 2, width - 8);
  context.restore();
}
