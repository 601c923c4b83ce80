import { DicomWeb, instancePath } from './dicomweb/client';
import { asViewerError, isAbort, type ErrorCode } from './dicomweb/errors';
import { buildStack, frameRate } from './dicomweb/stack';
import type { SeriesSummary, StudySummary } from './dicomweb/types';
import { nextRate } from './engine/cine';
import type { Engine } from './engine/engine';
import type { ToolName } from './engine/view';
import { chooseLanguage, language } from './i18n';
import * as state from './state';
import { isPicture } from './ui/kinds';
import { keepLaunch, takeLaunch, TicketKeeper, type Launch } from './ticket';

const ENDS_SESSION: ReadonlySet<ErrorCode> = new Set(['ticket_missing', 'ticket_invalid', 'ticket_expired', 'ticket_revoked']);
const THUMBNAILS_AT_ONCE = 3;
const DEFAULT_RATE = 10;

let client: DicomWeb;
let engine: Promise<Engine> | undefined;
let started: Engine | undefined;
let viewportElement: HTMLDivElement | undefined;
let opening: AbortController | undefined;

/** Takes the launch out of the address and shows the first study's first picture. */
export async function startApp(): Promise<void> {
  const launch = takeLaunch(location, history, sessionStorage);
  chooseLanguage(launch?.lang ?? null);
  addEventListener('hashchange', () => {
    if (location.hash !== '') location.reload();
  });
  addEventListener('online', () => {
    if (state.connection.value !== 'ok') retry();
  });
  if (!launch) {
    state.fatal.value = { code: 'noLaunch', detail: '' };
    return;
  }
  client = new DicomWeb(keeper(launch), (connection) => {
    state.connection.value = connection;
  });
  await openStudies(launch.studies);
}

function keeper(launch: Launch): TicketKeeper {
  return new TicketKeeper(
    launch.ticket,
    (ticket) => {
      keepLaunch(sessionStorage, { ...launch, ticket, lang: language.value });
    },
    () => {
      endSession('ticket_expired');
    },
  );
}

function endSession(code: ErrorCode): void {
  state.fatal.value = { code, detail: '' };
  opening?.abort();
  void engine?.then((running) => {
    running.close();
  });
}

async function openStudies(uids: string[]): Promise<void> {
  state.fatal.value = null;
  try {
    const overviews = await Promise.all(uids.map((uid) => client.overview(uid)));
    state.studies.value = overviews;
    const first = state.allSeries.value.find(({ series }) => isPicture(series)) ?? state.allSeries.value[0];
    if (first) await openSeries(first.study, first.series);
    else state.fatal.value = { code: overviews.some(({ study }) => study.withheld > 0) ? 'withheld' : 'empty_series', detail: '' };
    void loadThumbnails();
  } catch (error) {
    if (!report(error, 'bad_response')) throw error;
  }
}

/** Tells the user; false when the error is no error of the viewer's but a defect. */
function report(error: unknown, fallback: ErrorCode): boolean {
  if (isAbort(error)) return true;
  const { code, message } = asViewerError(error, fallback);
  if (ENDS_SESSION.has(code)) endSession(code);
  else if (state.current.value) state.seriesProblem.value = { code, detail: message };
  else state.fatal.value = { code, detail: message };
  return true;
}

/** The user tries again after a failure, wherever it was. */
export function retry(): void {
  state.connection.value = 'ok';
  if (state.fatal.value || !state.current.value) {
    location.reload();
    return;
  }
  if (state.seriesProblem.value) {
    const { study, series } = state.current.value;
    void openSeries(study, series);
    return;
  }
  void engine?.then((running) => {
    running.retry();
  });
}

export async function openSeries(study: StudySummary, series: SeriesSummary): Promise<void> {
  opening?.abort();
  const { signal } = (opening = new AbortController());
  // Before anything else: what is under way for the old series must not come up under the new one's name.
  started?.close();
  state.current.value = { study, series };
  state.seriesProblem.value = null;
  state.pictureShown.value = false;
  state.view.value = { ...state.EMPTY_VIEW, rendering: state.view.value.rendering };
  if (!isPicture(series)) return;
  const previewing = showPreview(study, series, signal);
  try {
    const [datasets, running] = await Promise.all([client.seriesMetadata(study.uid, series.uid, signal), startEngine()]);
    if (signal.aborted) return;
    const stack = buildStack(study.uid, series.uid, datasets);
    if (stack.length === 0) {
      state.seriesProblem.value = { code: 'empty_series', detail: '' };
      return;
    }
    state.rate.value = (stack[0] && frameRate(stack[0].dataset)) ?? DEFAULT_RATE;
    const shown = stack.findIndex((image) => image.instance === series.representative);
    await running.open(stack, Math.max(0, shown));
    await previewing;
  } catch (error) {
    report(error, 'engine_failed');
  }
}

/** The server's picture of the series stands in until the engine has its own. */
async function showPreview(study: StudySummary, series: SeriesSummary, signal: AbortSignal): Promise<void> {
  setPreview(null);
  const frame = series.frame_count > series.instance_count ? '/frames/1' : '';
  try {
    const blob = await client.rendered(instancePath(study.uid, series.uid, series.representative) + frame, signal);
    if (!signal.aborted && !state.pictureShown.value) setPreview(URL.createObjectURL(blob));
  } catch (error) {
    // A preview is a convenience: what is wrong shows when the picture itself is asked for.
    if (!isAbort(error)) asViewerError(error, 'bad_response');
  }
}

function setPreview(url: string | null): void {
  if (state.preview.value !== null) URL.revokeObjectURL(state.preview.value);
  state.preview.value = url;
}

/** The element that the engine draws into; the engine itself comes in its own chunk. */
export function setViewport(element: HTMLDivElement): void {
  viewportElement = element;
}

function startEngine(): Promise<Engine> {
  engine ??= import('./engine/engine').then(
    (module) => {
      if (!viewportElement) throw new Error('the viewport is not in the page');
      started = module.startEngine({
        element: viewportElement,
        client,
        phone: state.phone.value,
        tool: state.tool.value,
        onView: (change) => {
          state.view.value = { ...state.view.value, ...change };
          if (change.shown === true) pictureIsThere();
          if (change.error && ENDS_SESSION.has(change.error.code)) endSession(change.error.code);
        },
        onMeasurements: (measurements) => {
          state.measurements.value = measurements;
        },
        onContextLost: () => {
          state.contextLost.value = true;
        },
      });
      return started;
    },
    (error: unknown) => {
      engine = undefined;
      // The browser reports a chunk that did not arrive as TypeError.
      throw asViewerError(error, error instanceof TypeError ? 'network' : 'engine_failed');
    },
  );
  return engine;
}

function pictureIsThere(): void {
  if (state.pictureShown.value) return;
  state.pictureShown.value = true;
  setPreview(null);
}

async function loadThumbnails(): Promise<void> {
  const queue = state.allSeries.value.filter(({ series }) => isPicture(series));
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { study, series } = next;
      try {
        const url = URL.createObjectURL(await client.thumbnail(study.uid, series.uid));
        state.thumbnails.value = new Map(state.thumbnails.value).set(series.uid, url);
      } catch (error) {
        // The list shows the series without a picture.
        asViewerError(error, 'bad_response');
      }
    }
  };
  await Promise.all(Array.from({ length: THUMBNAILS_AT_ONCE }, work));
}

/** Does something with the engine once it is there. */
export function withEngine(action: (running: Engine) => void): void {
  void engine?.then(action);
}

export function chooseTool(tool: ToolName): void {
  state.tool.value = tool;
  withEngine((running) => {
    running.chooseTool(tool);
  });
}

export function togglePlay(): void {
  if (state.view.value.count < 2) return;
  withEngine((running) => {
    if (state.view.value.playing) running.pause();
    else running.play(state.rate.value);
  });
}

export function changeRate(direction: -1 | 1): void {
  state.rate.value = nextRate(state.rate.value, direction);
  withEngine((running) => {
    if (state.view.value.playing) running.play(state.rate.value);
  });
}

/** Opens the series `delta` places further in the list. */
export function stepSeries(delta: number): void {
  const all = state.allSeries.value;
  const at = all.findIndex(({ series }) => series.uid === state.current.value?.series.uid);
  const next = all[at + delta];
  if (next) void openSeries(next.study, next.series);
}
