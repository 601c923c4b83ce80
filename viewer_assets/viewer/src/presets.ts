import type { Window } from './engine/presets';

/** A window that the reader named, for one modality. */
export interface OwnPreset extends Window {
  title: string;
  modality: string;
}

const KEY = 'yunying.presets';
const MOST = 40;
export const LONGEST_TITLE = 20;

function isPreset(value: unknown): value is OwnPreset {
  if (typeof value !== 'object' || value === null) return false;
  const { title, modality, width, center } = value as Partial<Record<keyof OwnPreset, unknown>>;
  return typeof title === 'string' && title !== '' && title.length <= LONGEST_TITLE && typeof modality === 'string' && Number.isFinite(width) && Number(width) >= 1 && Number.isFinite(center);
}

/** Presets kept in this browser; none where it keeps nothing, or something else lies there. */
export function readPresets(storage: Storage | undefined): OwnPreset[] {
  try {
    const kept: unknown = JSON.parse(storage?.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isPreset).slice(0, MOST) : [];
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof DOMException) return [];
    throw error;
  }
}

/** False when the browser keeps nothing. */
export function writePresets(storage: Storage | undefined, presets: readonly OwnPreset[]): boolean {
  try {
    storage?.setItem(KEY, JSON.stringify(presets.slice(0, MOST)));
    return storage !== undefined;
  } catch (error) {
    if (error instanceof DOMException) return false;
    throw error;
  }
}

/** With this one, in place of an older one of the same title and modality. */
export function withPreset(presets: readonly OwnPreset[], preset: OwnPreset): OwnPreset[] {
  return [...presets.filter(({ title, modality }) => title !== preset.title || modality !== preset.modality), preset].slice(-MOST);
}

/** A browser may forbid the very look at its storage. */
export function browserStorage(): Storage | undefined {
  try {
    return typeof localStorage === 'undefined' ? undefined : localStorage;
  } catch (error) {
    if (error instanceof DOMException) return undefined;
    throw error;
  }
}
