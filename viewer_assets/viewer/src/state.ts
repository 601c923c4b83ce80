import { computed, signal } from '@preact/signals';
import type { Connection } from './dicomweb/client';
import type { ErrorCode } from './dicomweb/errors';
import type { StackImage } from './dicomweb/stack';
import type { Overview, SeriesSummary, StudySummary } from './dicomweb/types';
import type { Measurement, Progress, ToolName, Typing, ViewState } from './engine/view';
import type { PresentationState } from './engine/presentation';
import { BUILT_IN, presetsFor, type Preset, type Window } from './engine/presets';
import type { First } from './first/first';
import type { Prior } from './portal';
import { browserStorage, readPresets } from './presets';

/** What the user interface shows. Only `app.ts`, `panes.ts` and event handlers write here. */

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
  look: { colour: null, sharpen: 0, smooth: 0 },
  lowIsBright: false,
  rotation: 0,
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
  presentation: null,
  toScreen: null,
  blank: false,
  lines: [],
  cursor: null,
};

export interface Problem {
  code: ErrorCode | 'noLaunch';
  detail: string;
}

export type Panel = 'series' | 'layout' | 'presets' | 'measure' | 'look' | 'output' | 'tags' | 'more' | 'help';

export interface OpenSeries {
  study: StudySummary;
  series: SeriesSummary;
}

export interface Handled {
  index?: number;
  window?: Window;
}

/** A place on the screen for a series. */
export class Pane {
  readonly open = signal<OpenSeries | null>(null);
  readonly view = signal<ViewState>(EMPTY_VIEW);
  /** A picture of the open series has been on the screen. */
  readonly pictureShown = signal(false);
  /** The picture with all its values, drawn before the engine is there. */
  readonly first = signal<First | null>(null);
  /** What the reader has done with it: the engine goes on from there. */
  readonly handled = signal<Handled>({});
  /** The open series' pictures in their order, as soon as they are known. */
  readonly stack = signal<readonly StackImage[]>([]);
  /** Blob URL of the server's picture, while neither is there yet. */
  readonly preview = signal<string | null>(null);
  /** The open series cannot be shown. */
  readonly problem = signal<Problem | null>(null);
  /** Pictures a second when the stack is played. */
  readonly rate = signal(10);
  /** The presentation state that was opened with the series, and whether it is on. */
  readonly presentation = signal<PresentationState | null>(null);
  readonly presentationOn = signal(false);
  /** Why the series is not reconstructed in three dimensions, in words; null when it can be, undefined while unknown. */
  readonly refusal = signal<string | null | undefined>(undefined);

  constructor(readonly id: string) {}
}

/** How the panes share the screen. */
export interface Layout {
  rows: number;
  columns: number;
  /** All panes show one series, one picture after the other. */
  film: boolean;
}

export const studies = signal<Overview[]>([]);
export const thumbnails = signal<ReadonlyMap<string, string>>(new Map());
export const layout = signal<Layout>({ rows: 1, columns: 1, film: false });
const first = new Pane('1');
export const panes = signal<readonly Pane[]>([first]);
/** What the user's actions are for. */
export const active = signal<Pane>(first);
/** One pane fills the screen for a while. */
export const enlarged = signal<Pane | null>(null);
export const linked = signal(false);
export const linesVisible = signal(true);
export const measurements = signal<Measurement[]>([]);
/** There is a mark to take back, or to bring back. */
export const undoable = signal(false);
/** What is being drawn in strokes. */
export const progress = signal<Progress | null>(null);
export const typing = signal<Typing | null>(null);
/** Nothing can be shown any more, for instance because the ticket has ended. */
export const fatal = signal<Problem | null>(null);
export const connection = signal<Connection>('ok');
/** What the ticket allows. The node decides; this only spares a button that would fail. */
export const rights = signal<readonly string[]>([]);
export const contextLost = signal(false);
export const tool = signal<ToolName>('window');
/** How much larger the magnifier shows. */
export const lensFactor = signal(2);
export const infoVisible = signal(true);
/** Pictures as they are stored, or the active pane's series reconstructed. */
export const mode = signal<'stack' | 'volume'>('stack');
export const panel = signal<Panel | null>(null);
export const phone = signal(false);

/** Of the active pane. */
export const current = computed(() => active.value.open.value);
export const view = computed(() => active.value.view.value);

/** As the portal has them, or the viewer's own. */
export const allPresets = signal<readonly Preset[]>(BUILT_IN);
/** Other studies of the open patients; null until the portal has answered. */
export const priors = signal<readonly Prior[] | null>(null);
/** The portal could not be asked: that is not the same as none. */
export const priorsFailed = signal(false);

/** For the open series, the likeliest first. */
export const presets = computed(() => {
  const series = current.value?.series;
  return series ? presetsFor(allPresets.value, series.modality, series.body_part || series.description) : [];
});

/** All windows that the reader keeps in this browser. */
export const ownPresets = signal(readPresets(browserStorage()));

/** Those for what is shown. */
export const shownPresets = computed(() => ownPresets.value.filter(({ modality }) => modality === current.value?.series.modality));

/** All series of all studies, in the order of the list. */
export const allSeries = computed(() =>
  studies.value.flatMap(({ study, series }) => series.map((item) => ({ study, series: item }))),
);
