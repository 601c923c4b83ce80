import type { SeriesSummary, StudySummary } from '../dicomweb/types';
import type { ViewState } from '../engine/view';
import { t, type Key } from '../i18n';
import type { Pane } from '../state';
import { patientLine } from './text';

export const LONGEST = 48;

function number(value: number, digits = 1): string {
  return String(Number(value.toFixed(digits)));
}

export function patientLines(study: StudySummary): string[] {
  if (study.anonymous) return [t('app.anonymous'), study.date ?? ''];
  return [patientLine(study), study.patient_id, study.accession_number, study.date ?? '', study.hospital];
}

export function seriesLines(series: SeriesSummary, { sliceLocation, sliceThickness, error }: ViewState): string[] {
  const picture = error ? undefined : { location: sliceLocation, thickness: sliceThickness };
  return [
    [series.modality, t('info.series', { number: series.number ?? '' })].join(' '),
    series.description,
    series.body_part,
    picture?.location === undefined ? '' : t('info.location', { value: number(picture.location, 2) }),
    picture?.thickness === undefined ? '' : t('info.thickness', { value: number(picture.thickness, 2) }),
  ];
}

export function pictureLines(pane: Pane): string[] {
  const { index, shownIndex, count, width, center, zoom, colour, error } = pane.view.value;
  if (count === 0 || !pane.pictureShown.value) return [];
  const image = (at: number) => t('info.image', { index: at + 1, count });
  if (error) return [image(index)];
  return [
    image(shownIndex),
    colour ? '' : t('info.window', { width: number(width), center: number(center) }),
    t('info.zoom', { value: Math.round(zoom * 100) }),
  ];
}

export const SPACING_MARKS: Partial<Record<string, Key>> = {
  detector: 'mark.detector',
  corrected: 'mark.corrected',
  none: 'mark.uncalibrated',
};

/** Words that stay when the corners are hidden: without them a picture can mislead. */
export function markTexts({ lossy, inverted, edges, spacingKind, shown }: ViewState): string[] {
  if (!shown) return [];
  const spacing = SPACING_MARKS[spacingKind];
  return [lossy && t('mark.lossy'), inverted && t('mark.inverted'), !edges && t('mark.unknownOrientation'), spacing && t(spacing)].filter(
    (text): text is string => typeof text === 'string',
  );
}
