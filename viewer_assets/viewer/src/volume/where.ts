import { isSlowLine } from '../dicomweb/line';
import { browserStorage } from '../presets';

/** Where pictures are made: on this machine, or on the server. */
export type Place = 'local' | 'server';

/** What speaks for either place. */
export interface Circumstances {
  /** The ticket allows to have pictures made. */
  allowed: boolean;
  /** What the reader chose on this device. */
  kept: Place | null;
  /** A machine or a line that would make the reader wait. */
  weak: boolean;
  /** More voxels than the browser is trusted to hold. */
  large: boolean;
}

export function placeFor({ allowed, kept, weak, large }: Circumstances): Place {
  if (!allowed) return 'local';
  return kept ?? (weak || large ? 'server' : 'local');
}

const LITTLE_MEMORY_GIB = 2;
const FEW_CORES = 2;

/** Little memory, few cores, a slow or dear line, or no graphics: as far as the browser tells. */
export function isWeak(graphics: boolean): boolean {
  const { deviceMemory, hardwareConcurrency } = navigator as Navigator & { deviceMemory?: number };
  if (deviceMemory !== undefined && deviceMemory <= LITTLE_MEMORY_GIB) return true;
  if (hardwareConcurrency > 0 && hardwareConcurrency <= FEW_CORES) return true;
  return !graphics || matchMedia('(prefers-reduced-data: reduce)').matches || isSlowLine();
}

/** Whether there is WebGL 2; the context is given back at once, for there are few. */
export function hasGraphics(): boolean {
  const gl = document.createElement('canvas').getContext('webgl2');
  gl?.getExtension('WEBGL_lose_context')?.loseContext();
  return gl !== null;
}

const KEY = 'yunying.drawing';

/** What the reader chose on this device; null when nothing was, or the browser keeps nothing. */
export function keptPlace(): Place | null {
  try {
    const kept = browserStorage()?.getItem(KEY);
    return kept === 'local' || kept === 'server' ? kept : null;
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}

export function keepPlace(place: Place): void {
  try {
    browserStorage()?.setItem(KEY, place);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}
