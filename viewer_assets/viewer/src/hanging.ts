import type { Overview, SeriesSummary } from './dicomweb/types';
import type { Window } from './engine/presets';
import { GRIDS, SINGLE } from './layout';
import type { Prior } from './portal';
import type { Layout } from './state';
import { isPicture } from './objects/kind';

/** How a study is hung when it is opened, as the portal says it (docs/architecture.md, `/imaging/viewer/hanging`). */
export interface HangingRule {
  /** Code of the hospital whose studies are meant; empty for all. */
  hospital: string;
  modality: string;
  /** Words of a body part or a series description; empty for all. */
  body_parts: readonly string[];
  device: 'desktop' | 'phone';
  rows: number;
  columns: number;
  content: 'series' | 'film' | 'prior';
  linked: boolean;
  /** At first; null for the file's own. */
  window: Window | null;
}

const rule = (modality: string, rows: number, columns: number): HangingRule => ({
  hospital: '', modality, body_parts: [], device: 'desktop', rows, columns, content: 'series', linked: false, window: null,
});

/** What holds where the portal's rules cannot be had: projections from two sides, and sequences. */
export const BUILT_IN_RULES: readonly HangingRule[] = [rule('CR', 1, 2), rule('DX', 1, 2), rule('MG', 2, 2), rule('MR', 2, 2)];

export function isHangingRule(value: unknown): value is HangingRule {
  if (typeof value !== 'object' || value === null) return false;
  const { hospital, modality, body_parts, device, rows, columns, content, linked, window } = value as Partial<Record<keyof HangingRule, unknown>>;
  const { width, center } = (window ?? { width: 1, center: 0 }) as Partial<Record<keyof Window, unknown>>;
  return (
    typeof hospital === 'string' && typeof modality === 'string' && Array.isArray(body_parts) && body_parts.every((word) => typeof word === 'string') &&
    (device === 'desktop' || device === 'phone') && GRIDS[device].some(([down, across]) => down === rows && across === columns) &&
    (content === 'series' || content === 'film' || content === 'prior') && typeof linked === 'boolean' && typeof width === 'number' && width >= 1 && typeof center === 'number'
  );
}

/** The rule for a study: its own hospital's before the general ones, then one for its body part, then the first. */
export function ruleFor(rules: readonly HangingRule[], overview: Overview, phone: boolean): HangingRule | undefined {
  const first = overview.series.find(isPicture);
  if (!first) return undefined;
  const part = `${first.body_part} ${first.description}`.toUpperCase();
  const fitting = rules.filter(
    ({ hospital, modality, body_parts, device }) =>
      (hospital === '' || hospital === overview.study.hospital) && modality === first.modality && device === (phone ? 'phone' : 'desktop') &&
      (body_parts.length === 0 || body_parts.some((word) => word !== '' && part.includes(word.toUpperCase()))),
  );
  const rank = (one: HangingRule) => (one.hospital === '' ? 2 : 0) + (one.body_parts.length === 0 ? 1 : 0);
  return fitting.sort((a, b) => rank(a) - rank(b))[0];
}

/** The layout of a rule for what there is: no more places than series, or, of a film, than pictures. */
export function layoutOf({ rows, columns, content, device }: HangingRule, series: readonly SeriesSummary[]): Layout {
  const pictures = series.filter(isPicture);
  const film = content === 'film';
  const count = film ? (pictures[0]?.frame_count ?? 0) : pictures.length;
  if (content === 'prior' || count >= rows * columns) return content === 'prior' ? SINGLE : { rows, columns, film };
  const fitting = GRIDS[device].filter(([down, across]) => down <= rows && across <= columns && down * across <= count);
  const [down, across] = fitting.reduce<readonly [number, number]>((best, grid) => (grid[0] * grid[1] > best[0] * best[1] ? grid : best), [1, 1]);
  return { rows: down, columns: across, film: film && down * across > 1 };
}

/** The newest earlier study of the same modality; undefined when there is none. */
export function priorFor(overview: Overview, priors: readonly Prior[]): Prior | undefined {
  const modality = overview.series.find(isPicture)?.modality;
  const { date } = overview.study;
  const earlier = priors.filter((prior) => prior.date !== null && date !== null && prior.date < date && prior.modality.split(/[\\,/ ]+/).includes(modality ?? ''));
  return earlier.sort((a, b) => (b.date ?? '').localeCompare(a.date ?? ''))[0];
}
