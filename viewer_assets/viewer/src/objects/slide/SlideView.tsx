import { useRef, useState } from 'preact/hooks';
import * as state from '../../state';
import { patientLines } from '../../ui/corners-text';
import { clip } from '../../ui/text';
import { useKeys } from '../keys';
import type { ObjectProps } from '../registry';
import { to } from '../texts';
import { Lines } from './Lines';
import { OverviewMap } from './OverviewMap';
import type { Slide } from './pyramid';
import { Scale } from './Scale';
import { SlideBar, ZOOM } from './SlideBar';
import { useGestures, useTiles, useView } from './use_slide';
import { fit, lineText } from './view';
import { WholePicture } from './WholePicture';

const STEP = 60;

export function SlideView({ client, study, series, slide }: ObjectProps & { slide: Slide }) {
  const root = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [layer, setLayer] = useState(0);
  const [measuring, setMeasuring] = useState(false);
  const [open, setOpen] = useState<'label' | 'overview' | null>(null);
  const seen = useView(canvas, slide);
  const { size, pane, view, change, move, zoom } = seen;
  const { lines, setLines } = useGestures(canvas, slide, seen, measuring);
  const { session, progress } = useTiles(canvas, client, slide, view, pane, layer);
  useKeys(root, {
    '+': () => { zoom(ZOOM); }, '=': () => { zoom(ZOOM); }, '-': () => { zoom(1 / ZOOM); },
    ArrowLeft: () => { move(STEP, 0); }, ArrowRight: () => { move(-STEP, 0); }, ArrowUp: () => { move(0, STEP); }, ArrowDown: () => { move(0, -STEP); },
    Home: () => { change((_, where) => fit(size, where)); },
    l: () => { setMeasuring((on) => !on); },
    Delete: () => { setLines((before) => before.slice(0, -1)); },
    Escape: () => { setMeasuring(false); setOpen(null); },
  });

  const shown = open === 'label' ? slide.label : open === 'overview' ? slide.overview : null;
  return (
    <div
      ref={root}
      class="slide"
      data-testid="slide"
      data-ready={progress.ready}
      data-failed={progress.failed}
      data-level={progress.level}
      data-levels={slide.levels.length}
      data-scale={view?.scale ?? 0}
      data-x={view?.x ?? 0}
      data-y={view?.y ?? 0}
      data-columns={size[0]}
      data-rows={size[1]}
    >
      <header class="object-head">
        {state.infoVisible.value && <span>{patientLines(study).map((line) => clip(line, 60)).join('　')}</span>}
        <span>{clip(series.description, 60)}</span>
        {slide.others > 0 && <span class="warn" data-testid="slide-others">{to('slide.others', { count: slide.others })}</span>}
      </header>
      <SlideBar
        slide={slide}
        scale={view?.scale ?? 1}
        layer={layer}
        measuring={measuring}
        lines={lines.length}
        anonymous={study.anonymous}
        open={open}
        onFit={() => { change((_, where) => fit(size, where)); }}
        onScale={(scale) => { change((now) => ({ ...now, scale })); }}
        onZoom={zoom}
        onLayer={setLayer}
        onMeasure={setMeasuring}
        onClear={() => { setLines([]); }}
        onOpen={setOpen}
      />
      <div class={measuring ? 'slide-area measuring' : 'slide-area'} data-testid="slide-area" onContextMenu={(event) => { event.preventDefault(); }}>
        <canvas ref={canvas} data-testid="slide-canvas" />
        {view && <Lines lines={lines} view={view} pane={pane} text={(line) => lineText(line.from, line.to, slide.spacing)} />}
        {view && <Scale slide={slide} scale={view.scale} width={pane[0]} />}
        {progress.failed > 0 && (
          <div class="slide-failed" role="alert" data-testid="slide-failed">
            {to('slide.failed', { count: progress.failed })}
            <button type="button" class="push" data-testid="slide-retry" onClick={() => { session.current?.retry(); }}>{to('slide.retry')}</button>
          </div>
        )}
        {view && <OverviewMap slide={slide} session={session} layer={layer} view={view} pane={pane} arrived={progress.ready} onGo={(x, y) => { change((now) => ({ ...now, x, y })); }} />}
        {shown && !study.anonymous && <WholePicture client={client} path={shown.path} title={to(open === 'label' ? 'slide.label' : 'slide.overview')} onClose={() => { setOpen(null); }} />}
      </div>
    </div>
  );
}
