import type { FunctionComponent } from 'preact';
import { signal } from '@preact/signals';

/** The list of what was measured; there once the first picture is. */
export const measurementList = signal<FunctionComponent | null>(null);

export function MeasurementSlot() {
  return measurementList.value ? <measurementList.value /> : null;
}
