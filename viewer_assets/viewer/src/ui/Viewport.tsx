import { useEffect, useRef } from 'preact/hooks';
import { retry, setViewport, withEngine } from '../app';
import { t } from '../i18n';
import * as state from '../state';
import { rateActions } from './actions';
import { Corners } from './Corners';
import { isPicture, kindText, problemText } from './kinds';
import { MeasurementList } from './Measurements';
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
function Cover() {
  const open = state.current.value;
  const { error } = state.view.value;
  const problem = state.seriesProblem.value ?? error;
  if (open && !isPicture(open.series)) {
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
  if (state.pictureShown.value) return null;
  return (
    <div class="cover">
      {state.preview.value ? (
        <>
          <img class="preview" src={state.preview.value} alt="" data-testid="preview" />
          <span class="preview-mark" title={t('app.previewHint')}>{t('app.preview')}</span>
        </>
      ) : (
        <p class="waiting">{t('app.loadingImage')}</p>
      )}
    </div>
  );
}

/** How fast the stack is played, while it is. */
function PlaySpeed() {
  const [slower, faster] = rateActions();
  if (!state.view.value.playing || !slower || !faster) return null;
  return (
    <div class="speed" role="group" aria-label={t('tool.speed')}>
      <ToolButton action={slower} />
      <output data-testid="play-rate">{t('info.rate', { value: Number(state.rate.value.toFixed(1)) })}</output>
      <ToolButton action={faster} />
    </div>
  );
}

function Slider() {
  const { count, index } = state.view.value;
  if (count < 2) return null;
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
        const wanted = Number(event.currentTarget.value);
        withEngine((engine) => {
          engine.go(wanted);
        });
      }}
    />
  );
}

export function Viewport() {
  const canvas = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (canvas.current) setViewport(canvas.current);
  }, []);
  const { index, count, shown, loading, width, center } = state.view.value;
  return (
    <main
      class="viewport"
      data-testid="viewport"
      data-ready={shown}
      data-image-index={index}
      data-image-count={count}
      data-window-width={Math.round(width * 10) / 10}
      data-window-center={Math.round(center * 10) / 10}
      data-rendering={state.view.value.rendering}
    >
      <div
        class="canvas"
        ref={canvas}
        onContextMenu={(event) => {
          event.preventDefault();
        }}
      />
      <Cover />
      <Corners />
      {loading && state.pictureShown.value && <div class="loading">{t('app.loadingNumbered', { index: index + 1 })}</div>}
      <Slider />
      <PlaySpeed />
      {state.panel.value !== 'measure' && <MeasurementList />}
    </main>
  );
}
