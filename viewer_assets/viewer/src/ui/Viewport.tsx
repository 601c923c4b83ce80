import { useEffect, useRef } from 'preact/hooks';
import { dicomWeb, retry } from '../app';
import { t } from '../i18n';
import { isStack, objectKind } from '../objects/kind';
import { ObjectView } from '../objects/ObjectView';
import { activate, goTo, mount, openSeries, report, unmount } from '../panes';
import * as state from '../state';
import type { Pane } from '../state';
import { holdsObject, rateActions } from './actions';
import { ColourBar } from './ColourBar';
import { Corners } from './Corners';
import { FirstPicture } from './FirstPicture';
import { kindText, problemText } from './kinds';
import { MeasurementSlot } from './MeasurementSlot';
import { PresentationMark, PresentationSlot } from './PresentationSlot';
import { SERIES_DRAG } from './SeriesList';
import { clip } from './text';
import { ToolButton } from './Toolbar';

/** `detail` is for whoever is asked for help: it stands in the tooltip, not in the sentence. */
function Message({ text, detail, action }: { text: string; detail?: string; action: boolean }) {
  return (
    <div class="message" role="alert" data-testid="message">
      <p title={clip(detail ?? '', 200)}>{text}</p>
      {action && (
        <button type="button" class="plain" data-testid="retry" onClick={retry}>
          {t('app.retry')}
        </button>
      )}
    </div>
  );
}

/** What lies over the picture when there is none, or it must not be seen. */
function Cover({ pane }: { pane: Pane }) {
  const open = pane.open.value;
  const { error, blank } = pane.view.value;
  const problem = pane.problem.value ?? error;
  if (blank) return <div class="cover" />;
  if (!open) {
    return (
      <div class="cover">
        <p class="waiting">{t('app.emptyPane')}</p>
      </div>
    );
  }
  const kind = objectKind(open.series);
  if (!kind && !isStack(open.series)) {
    return (
      <div class="cover">
        <Message text={t('app.unsupported', { kind: kindText(open.series) })} action={false} />
      </div>
    );
  }
  if (problem) {
    return (
      <div class="cover">
        <Message text={problemText(problem)} detail={problem.detail} action />
      </div>
    );
  }
  if (kind) {
    const { study, series } = open;
    return (
      <ObjectView
        key={series.uid}
        kind={kind}
        client={dicomWeb()}
        study={study}
        series={series}
        onError={(error) => { report(error, 'object_invalid', pane); }}
        onOpen={(other, instance, frame, presentation) => { void openSeries({ study, series: other }, pane, { instance, frame, presentation }); }}
      />
    );
  }
  if (pane.pictureShown.value) return null;
  if (pane.first.value) return <FirstPicture key={pane.open.value?.series.uid} pane={pane} first={pane.first.value} client={dicomWeb()} />;
  return (
    <div class="cover">
      {pane.preview.value ? (
        <>
          <img class="preview" src={pane.preview.value} alt="" data-testid="preview" />
          <span class="preview-mark" title={t('app.previewHint')}>{t('app.preview')}</span>
        </>
      ) : (
        <p class="waiting">{t('app.loadingImage')}</p>
      )}
    </div>
  );
}

/** How fast the stack is played, while it is. */
function PlaySpeed({ pane }: { pane: Pane }) {
  const [slower, faster] = rateActions();
  if (!pane.view.value.playing || !slower || !faster) return null;
  return (
    <div class="speed" role="group" aria-label={t('tool.speed')}>
      <ToolButton action={slower} />
      <output data-testid="play-rate">{t('info.rate', { value: Number(pane.rate.value.toFixed(1)) })}</output>
      <ToolButton action={faster} />
    </div>
  );
}

function Slider({ pane }: { pane: Pane }) {
  const { count, index } = pane.view.value;
  if (count < 2 || (state.layout.value.film && pane !== state.active.value)) return null;
  return (
    <input
      class="slider"
      type="range"
      aria-label={t('app.slider')}
      data-testid="slider"
      min={0}
      max={count - 1}
      value={index}
      onInput={(event) => {
        activate(pane);
        goTo(Number(event.currentTarget.value), pane);
      }}
    />
  );
}

/** Where the other panes' planes cross this one, and the marked point. */
function Overlay({ pane }: { pane: Pane }) {
  const { lines, cursor, shown } = pane.view.value;
  if (!shown || (lines.length === 0 && !cursor)) return null;
  return (
    <svg class="overlay" aria-hidden="true">
      {lines.map(({ from, to, place, active }) => (
        <line
          key={place}
          data-testid="reference-line"
          data-place={place}
          class={active ? 'reference active' : 'reference'}
          x1={from[0]}
          y1={from[1]}
          x2={to[0]}
          y2={to[1]}
        />
      ))}
      {cursor && (
        <path
          class="cursor"
          data-testid="cursor"
          data-x={cursor[0]}
          data-y={cursor[1]}
          d={`M${cursor[0] - 12} ${cursor[1]}h8m8 0h8M${cursor[0]} ${cursor[1] - 12}v8m0 8v8`}
        />
      )}
    </svg>
  );
}

/** Double clicks enlarge a pane while no tool is at work that sets points. */
const QUIET_TOOLS: ReadonlySet<string> = new Set(['scroll', 'window', 'zoom', 'pan']);

function enlarge(pane: Pane) {
  // There two taps enlarge the slide.
  if (pane.open.value && objectKind(pane.open.value.series) === 'slide') return;
  if (state.panes.value.length < 2 || !QUIET_TOOLS.has(state.tool.value)) return;
  state.enlarged.value = state.enlarged.value === pane ? null : pane;
}

function takeSeries(pane: Pane, event: DragEvent) {
  const uid = event.dataTransfer?.getData(SERIES_DRAG);
  const dropped = state.allSeries.value.find(({ series }) => series.uid === uid);
  if (!dropped) return;
  event.preventDefault();
  activate(pane);
  void openSeries(dropped, pane);
}

export function Viewport({ pane }: { pane: Pane }) {
  const canvas = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (canvas.current) mount(pane, canvas.current);
    return () => {
      unmount(pane);
    };
  }, [pane]);
  const { index, count, shown, loading, width, center, rendering } = pane.view.value;
  const active = pane === state.active.value;
  const hidden = state.enlarged.value !== null && state.enlarged.value !== pane;
  return (
    <div
      class={active && state.panes.value.length > 1 ? 'viewport active' : 'viewport'}
      hidden={hidden}
      data-testid="viewport"
      data-active={active}
      data-ready={shown}
      data-series={pane.open.value?.series.uid ?? ''}
      data-image-index={index}
      data-image-count={count}
      data-window-width={Math.round(width * 10) / 10}
      data-window-center={Math.round(center * 10) / 10}
      data-rendering={rendering}
      onPointerDownCapture={() => {
        activate(pane);
      }}
      onDblClickCapture={() => {
        enlarge(pane);
      }}
      onDragOver={(event) => {
        if (event.dataTransfer?.types.includes(SERIES_DRAG)) event.preventDefault();
      }}
      onDrop={(event) => {
        takeSeries(pane, event);
      }}
    >
      <div
        class="canvas"
        ref={canvas}
        onContextMenu={(event) => {
          event.preventDefault();
        }}
      />
      <Cover pane={pane} />
      <PresentationSlot pane={pane} />
      {!holdsObject(pane) && <Corners pane={pane} />}
      <ColourBar pane={pane} />
      <Overlay pane={pane} />
      {loading && pane.pictureShown.value && <div class="loading">{t('app.loadingNumbered', { index: index + 1 })}</div>}
      <Slider pane={pane} />
      <PlaySpeed pane={pane} />
      <PresentationMark pane={pane} />
      {active && state.panel.value !== 'measure' && <MeasurementSlot />}
    </div>
  );
}
