import type { Layout, OpenSeries } from './state';
import { isPicture } from './objects/kind';

export const SINGLE: Layout = { rows: 1, columns: 1, film: false };

/** Grids that the user chooses from. */
export const GRIDS: Record<'desktop' | 'phone', readonly [rows: number, columns: number][]> = {
  desktop: [[1, 1], [1, 2], [2, 1], [1, 3], [2, 2], [2, 3], [2, 4], [3, 3], [4, 4]],
  phone: [[1, 1], [2, 1], [1, 2], [2, 2], [3, 2]],
};

/** The next grid with more places; undefined when there is none. */
export function larger({ rows, columns }: Layout, phone: boolean): Layout | undefined {
  const grid = GRIDS[phone ? 'phone' : 'desktop'].find(([down, across]) => down >= rows && across >= columns && down * across > rows * columns);
  return grid && { rows: grid[0], columns: grid[1], film: false };
}

/**
 * What each pane of a layout shows: in a film all the same; else what it shows already, and the
 * others the series that follow `first` in the list and are not on the screen, null when there is none left.
 */
export function seriesFor(
  first: OpenSeries,
  layout: Layout,
  open: readonly (OpenSeries | null)[],
  all: readonly OpenSeries[],
): (OpenSeries | null)[] {
  const count = layout.rows * layout.columns;
  if (layout.film) return Array.from({ length: count }, () => first);
  const shown = new Set(open.map((item) => item?.series.uid));
  const at = all.findIndex(({ series }) => series.uid === first.series.uid);
  const rest = [...all.slice(at), ...all.slice(0, at)].filter(({ series }) => isPicture(series) && !shown.has(series.uid));
  const queue = isPicture(first.series) ? rest : [first, ...rest];
  const seen = new Set<string>();
  return Array.from({ length: count }, (_, place) => {
    const here = open[place];
    // Panes of a film that ends have all the same series: only one keeps it.
    if (here && !seen.has(here.series.uid)) {
      seen.add(here.series.uid);
      return here;
    }
    const next = queue.shift();
    if (next) seen.add(next.series.uid);
    return next ?? null;
  });
}
