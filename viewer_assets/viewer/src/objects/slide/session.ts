import type { DicomWeb } from '../../dicomweb/client';
import { asViewerError } from '../../dicomweb/errors';
import { problemText } from '../../ui/kinds';
import { loadTile } from './decode';
import { paint, storeKey } from './paint';
import type { Slide, Tile } from './pyramid';
import { TileStore } from './store';
import { levelFor, visibleTiles, type Size, type View } from './view';

const MEGABYTE = 2 ** 20;
const LIMITS = { desktop: { parallel: 6, memory: 256 * MEGABYTE }, phone: { parallel: 3, memory: 96 * MEGABYTE } };

export interface Progress {
  ready: boolean;
  failed: number;
  level: number;
}

/** A slide's tiles: what is looked at is fetched and painted. */
export class Session {
  private readonly tiles = new Map<string, Tile>();
  private readonly store: TileStore<ImageBitmap>;

  constructor(
    client: DicomWeb,
    private readonly slide: Slide,
    phone: boolean,
    private readonly missing: string,
    onChange: () => void,
  ) {
    const { parallel, memory } = LIMITS[phone ? 'phone' : 'desktop'];
    this.store = new TileStore<ImageBitmap>({
      load: (key, signal) => {
        const tile = this.tiles.get(key);
        if (!tile?.part || tile.frame === undefined) return Promise.reject(new Error('a tile without a frame is not asked for'));
        return loadTile(client, tile.part, tile.frame, signal);
      },
      size: ({ width, height }) => width * height * 4,
      discard: (picture) => { picture.close(); },
      reason: (error) => {
        const { code, message } = asViewerError(error, 'decode_failed');
        return problemText({ code, detail: message });
      },
      parallel,
      memory,
      onChange,
    });
  }

  /** Asks for what a view shows, the coarsest level first: it covers all at once. */
  look(view: View, pane: Size, layer: number): void {
    const level = levelFor(this.slide, view.scale, devicePixelRatio);
    const coarsest = this.slide.levels.at(-1);
    if (!level || !coarsest) return;
    const keys: string[] = [];
    for (const one of coarsest === level ? [level] : [coarsest, level]) {
      for (const tile of visibleTiles(one, layer, view, pane)) {
        if (!tile.part) continue;
        const key = storeKey(one, tile);
        this.tiles.set(key, tile);
        keys.push(key);
      }
    }
    this.store.want(keys);
  }

  paint(context: CanvasRenderingContext2D, view: View, pane: Size, layer: number): Progress {
    const level = levelFor(this.slide, view.scale, context.canvas.width / pane[0]);
    if (!level) return { ready: false, failed: 0, level: 0 };
    paint(context, this.slide.levels, level, layer, view, pane, this.store, { missing: this.missing });
    return { ready: this.store.settled, failed: this.store.failed, level: level.index };
  }

  /** All of the slide from what is there of its coarsest level; nothing is fetched for it. */
  paintWhole(context: CanvasRenderingContext2D, view: View, pane: Size, layer: number): void {
    const coarsest = this.slide.levels.at(-1);
    if (coarsest) paint(context, [coarsest], coarsest, layer, view, pane, this.store, { missing: '' });
  }

  retry(): void {
    this.store.retry();
  }

  close(): void {
    this.store.close();
  }
}
