import type { SeriesSummary } from '../dicomweb/types';

/** What is shown by a component of its own, and not as a stack of pictures. */
export type ObjectKind = 'ecg' | 'document' | 'video' | 'report' | 'presentation' | 'slide';

const STORAGE = '1.2.840.10008.5.1.4.1.1.';

/** SOP classes (PS3.4 B.5) by the start of what follows the storage root; the first that fits counts. */
const KINDS: [prefix: RegExp, kind: ObjectKind][] = [
  [/^9\./, 'ecg'],
  [/^104\.1$/, 'document'],
  [/^88\./, 'report'],
  [/^77\.1\.6$/, 'slide'],
  [/^11\.[1-8]$/, 'presentation'],
];

/** MPEG2, MPEG4, HEVC (PS3.5 A.4.5 to A.4.9, and their fragmentable forms). */
const VIDEO = /^1\.2\.840\.10008\.1\.2\.4\.10[0-8](\.1)?$/;

export function isVideo(transferSyntax: string): boolean {
  return VIDEO.test(transferSyntax);
}

export function objectKind(series: SeriesSummary): ObjectKind | null {
  if (isVideo(series.transfer_syntax)) return 'video';
  if (!series.sop_class.startsWith(STORAGE)) return null;
  const leaf = series.sop_class.slice(STORAGE.length);
  return KINDS.find(([pattern]) => pattern.test(leaf))?.[1] ?? null;
}

/** Among what has pixels: nothing that can be read without what it belongs to. */
const NEEDS_OTHERS = ['66.4', '481.2'].map((leaf) => STORAGE + leaf);

/** False for what is no picture, or no picture by itself (segmentations, radiotherapy dose). */
export function isPicture(series: SeriesSummary): boolean {
  return series.viewable && !NEEDS_OTHERS.includes(series.sop_class);
}

/** True for what the engine shows, picture by picture; other pictures have a component of their own. */
export function isStack(series: SeriesSummary): boolean {
  return isPicture(series) && objectKind(series) === null;
}
