import type { SeriesSummary } from '../dicomweb/types';
import { isVideo } from '../objects/kind';
import { t, type Key } from '../i18n';
import type { Problem } from '../state';
import { clip } from './text';

const STORAGE = '1.2.840.10008.5.1.4.1.1.';

/** SOP classes (PS3.4 B.5) by the start of what follows the storage root; the first that fits counts. */
const KINDS: [prefix: string, kind: Key][] = [
  ['88.59', 'kind.presentation'],
  ['88.', 'kind.report'],
  ['104.', 'kind.document'],
  ['9.', 'kind.waveform'],
  ['77.1.1.1', 'kind.video'],
  ['77.1.2.1', 'kind.video'],
  ['77.1.4.1', 'kind.video'],
  ['481.', 'kind.radiotherapy'],
  ['11.', 'kind.presentation'],
  ['66.4', 'kind.segmentation'],
  ['66.5', 'kind.segmentation'],
  ['66', 'kind.raw'],
];

/** What an object that is no picture is, in the user's words. */
export function kindText(series: SeriesSummary): string {
  const leaf = series.sop_class.startsWith(STORAGE) ? series.sop_class.slice(STORAGE.length) : '';
  const kind = KINDS.find(([prefix]) => leaf !== '' && leaf.startsWith(prefix))?.[1];
  if (kind) return t(kind);
  return series.modality === '' ? t('kind.unknown') : t('kind.other', { modality: clip(series.modality, 16) });
}

export function problemText({ code, detail }: Problem): string {
  if (code === 'unsupported_transfer_syntax' && isVideo(detail)) return t('app.unsupported', { kind: t('kind.video') });
  return t(`error.${code}`, { detail: clip(detail, 80) });
}
