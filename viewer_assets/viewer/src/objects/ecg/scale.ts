import { signal } from '@preact/signals';

/** How large a millimetre is on this screen, which no browser tells. Kept as long as the tab. */

/** CSS says 96 pixels an inch, whatever the screen is. */
export const NOMINAL = 96 / 25.4;
export const LEAST = NOMINAL / 3;
export const GREATEST = NOMINAL * 3;
/** ISO/IEC 7810 ID-1: a bank card or an identity card. */
export const CARD_MM = 85.6;
const KEY = 'yunying.pixels-per-millimetre';

export interface Scale {
  /** CSS pixels a millimetre. */
  pixels: number;
  /** The user has held a card against the screen. */
  calibrated: boolean;
}

function kept(): Scale {
  const value = Number(sessionStorage.getItem(KEY));
  return value >= LEAST && value <= GREATEST ? { pixels: value, calibrated: true } : { pixels: NOMINAL, calibrated: false };
}

export const screenScale = signal<Scale>(kept());

export function calibrate(pixels: number | null): void {
  if (pixels === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, String(Math.min(Math.max(pixels, LEAST), GREATEST)));
  screenScale.value = kept();
}
