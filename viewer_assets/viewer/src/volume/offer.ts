import type { StackImage } from '../dicomweb/stack';
import { planVolume } from './geometry';
import { w } from './words';

/** Why a series is not reconstructed, in the user's words; null when it can be. */
export function refusalText(images: readonly StackImage[]): string | null {
  const plan = planVolume(images);
  return typeof plan === 'string' ? w(`refusal.${plan}`) : null;
}
