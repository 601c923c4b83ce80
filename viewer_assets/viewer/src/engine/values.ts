import { number, TAG, text } from '../dicomweb/dataset';
import type { Dataset } from '../dicomweb/types';

const CT_IMAGE = new Set(['1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.5.1.4.1.1.2.1', '1.2.840.10008.5.1.4.1.1.2.2']);
const PET_UNITS: Record<string, string> = { BQML: 'Bq/ml', CNTS: 'cnts', GML: 'g/ml', PROPCNTS: '' };

/**
 * The unit of a pixel's value after rescaling, empty when the file does not give one.
 *
 * For a CT image an absent Rescale Type means HU: the attribute is required when it is anything
 * else (PS3.3 C.8.2.1). Without slope and intercept no HU is claimed.
 */
export function valueUnit(dataset: Dataset): string {
  const modality = text(dataset, TAG.modality);
  const rescaled = number(dataset, TAG.slope) !== undefined && number(dataset, TAG.intercept) !== undefined;
  if (modality === 'CT' && rescaled) {
    const type = text(dataset, TAG.rescaleType);
    if (type === 'HU') return 'HU';
    return type === '' && CT_IMAGE.has(text(dataset, TAG.sopClass)) ? 'HU' : '';
  }
  if (modality === 'PT') return PET_UNITS[text(dataset, TAG.units)] ?? '';
  return '';
}

const ALWAYS_LOSSY = new Set([
  '1.2.840.10008.1.2.4.50',
  '1.2.840.10008.1.2.4.51',
  '1.2.840.10008.1.2.4.53',
  '1.2.840.10008.1.2.4.55',
  '1.2.840.10008.1.2.4.81',
]);
const PERHAPS_LOSSY = new Set(['1.2.840.10008.1.2.4.91', '1.2.840.10008.1.2.4.203']);

/** True when the picture was, or may have been, compressed with loss (PS3.3 C.7.6.1.1.5). */
export function isLossy(dataset: Dataset, transferSyntax: string | undefined): boolean {
  const stated = text(dataset, TAG.lossy);
  if (stated === '01') return true;
  if (transferSyntax === undefined) return false;
  return ALWAYS_LOSSY.has(transferSyntax) || (PERHAPS_LOSSY.has(transferSyntax) && stated !== '00');
}
