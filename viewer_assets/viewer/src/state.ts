import { computed, signal } from '@preact/signals';
import type { Connection } from './dicomweb/client';
import type { ErrorCode } from './dicomweb/errors';
import type { Overview, SeriesSummary, StudySummary } from './dicomweb/types';
import type { Measurement, ToolName, ViewState } from './engine/view';
import { presetsFor } from './engine/presets';

/** What the user interface shows. Only `app.ts` and event handlers write here. */

export const EMPTY_VIEW: ViewState = {
  index: 0,
  shownIndex: 0,
  count: 0,
  shown: false,
  loading: false,
  error: null,
  width: 0,
  center: 0,
  inverted: false,
  playing: false,
  zoom: 1,
  edges: null,
  scaleBar: null,
  spacingKind: 'none',
  lossy: false,
  colour: false,
  sliceLocation: undefined,
  sliceThickness: undefined,
  rendering: 'gpu',
};

export interface Problem {
  code: ErrorCode | 'noLaunch';
  detail: string;
}

export type Panel = 'series' | 'presets' | 'measure' | 'more' | 'help';

export const studies = signal<Overview[]>([]);
export const thumbnails = signal<ReadonlyMap<string, string>>(new Map());
export const current = signal<{ study: StudySummary; series: SeriesSummary } | null>(null);
export const view = signal<ViewState>(EMPTY_VIEW);
/** A picture of the open series has been on the screen. */
export const pictureShown = signal(false);
/** Blob URL of the server's picture, while the engine is not there yet. */
export const preview = signal<string | null>(null);
export const measurements = signal<Measurement[]>([]);
/** Nothing can be shown any more, for instance because the ticket has ended. */
export const fatal = signal<Problem | null>(null);
/** The open series cannot be shown. */
export const seriesProblem = signal<Problem | null>(null);
export const connection = signal<Connection>('ok');
export const contextLost = signal(false);
/** Pictures a second when the stack is played. */
export const rate = signal(10);
export const tool = signal<ToolName>('window');
export const infoVisible = signal(true);
export const panel = signal<Panel | null>(null);
export const phone = signal(false);

export const presets = computed(() => {
  const series = current.value?.series;
  return series ? presetsFor(series.modality, series.body_part || series.description) : [];
});

/** All series of all studies, in the order of the list. */
export const allSeries = computed(() =>
  studies.value.flatMap(({ study, series }) => series.map((item) => ({ study, series: item }))),
);
