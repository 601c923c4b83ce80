import { useEffect, useRef, useState } from 'preact/hooks';
import type { Edges } from '../../engine/orientation';
import { t } from '../../i18n';
import { marksIn } from '../actions';
import { listen } from '../gestures';
import { lengthOf, valueText, type Mark } from '../marks';
import type { Painter, Picture, PlaneScene } from '../drawing';
import { edgesOf, slicing, slicingAxis, toPane, type Slicing } from '../planes';
import * as store from '../store';
import { w } from '../words';
import { isPane, mprGestures, sceneOf, type MprPaneId, type PaneScene } from './mpr_gestures';
import { crossHair } from './overlay';
import { useSize } from './size';

/** One plane through the volume, with the lines of the others. */
export function MprPane({ pane }: { pane: MprPaneId }) {
  const [root, size] = useSize();
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<Painter<PlaneScene> | null>(null);
  const measured = useRef(size);
  measured.current = size;
  const [sharp, setSharp] = useState(false);
  const [picture, setPicture] = useState<Picture | null>(null);
  const loaded = store.loaded.value;
  const drawing = loaded?.drawing;
  const seen = useRef<PaneScene | undefined>(undefined);
  useEffect(() => {
    if (!root.current || !canvas.current || !drawing) return undefined;
    painter.current = drawing.plane(pane, canvas.current, { sharp: setSharp, picture: setPicture });
    const stop = listen(root.current, mprGestures(pane, () => measured.current, () => seen.current));
    return () => {
      stop();
      painter.current?.close();
    };
  }, [pane, drawing]);
  const scene = sceneOf(pane, size);
  seen.current = picture ? { plane: picture.plane, pixel: picture.pixel, size } : undefined;
  const shown = seen.current ?? scene;
  const [slab, window] = [store.slab.value, store.greyWindow.value];
  useEffect(() => {
    if (!scene || !loaded) return;
    painter.current?.show({ plane: scene.plane, width: size[0], height: size[1], pixel: scene.pixel, slab, window, inverted: loaded.inverted });
  });
  if (!loaded) return null;
  const slices = !isPane(pane) ? null : picture ? picture.slicing : slicing(loaded.grid, slicingAxis(pane, store.triad.value), store.cursor.value);
  return (
    <section
      ref={root}
      class={`plane ${pane}`}
      aria-label={w(`pane.${pane === 'batch' ? 'quad' : pane}`)}
      data-testid={`pane-${pane}`}
      data-ready={sharp}
      data-pixel={shown?.pixel.toFixed(5)}
      data-index={slices?.index}
      data-count={slices?.count}
      data-position={slices?.position.toFixed(2)}
    >
      <canvas ref={canvas} />
      {shown && <Overlay pane={pane} scene={shown} />}
      <Letters pane={pane} edges={picture?.edges ?? edgesOf(store.screenAxes(pane))} />
      <Corner pane={pane} slices={slices} preview={!sharp} lossy={picture?.lossy === true} />
    </section>
  );
}

function Letters({ pane, edges }: { pane: MprPaneId; edges: Edges }) {
  return (
    <>
      {(['top', 'right', 'bottom', 'left'] as const).map((side) => (
        <span key={side} class={`edge ${side}`} data-testid={`${pane}-edge-${side}`}>
          {edges[side]}
        </span>
      ))}
    </>
  );
}

interface CornerProps {
  pane: MprPaneId;
  slices: Slicing | null;
  /** Coarser than it will be. */
  preview: boolean;
  lossy: boolean;
}

function Corner({ pane, slices, preview, lossy }: CornerProps) {
  const loaded = store.loaded.value;
  if (!loaded) return null;
  const { thickness, projection } = store.slab.value;
  const run = store.batch.value;
  let name = '';
  let place = '';
  if (isPane(pane)) {
    name = w(`pane.${pane}`);
    place = slices ? w('pane.position', { position: slices.position.toFixed(1), index: slices.index + 1, count: slices.count }) : '';
  } else if (run) {
    place = w('batch.image', { index: run.index + 1, count: store.angles.value.length, degrees: Number((store.angles.value[run.index] ?? 0).toFixed(2)) });
  }
  return (
    <div class="plane-corner">
      <b>{name}</b> <span data-testid={`${pane}-place`}>{place}</span>
      {thickness > 0 && <div data-testid={`${pane}-slab`}>{w('pane.thick', { projection: w(`slab.${projection}`), thickness: Number(thickness.toFixed(1)) })}</div>}
      {preview && <div class="plane-preview" data-testid={`${pane}-preview`}>{w('mark.preview')}</div>}
      {lossy && <div class="warning">{t('mark.lossy')}</div>}
      {loaded.every > 1 && <div class="warning">{w('load.thinMark', { every: loaded.every })}</div>}
    </div>
  );
}

function Overlay({ pane, scene }: { pane: MprPaneId; scene: PaneScene }) {
  const { plane, pixel, size } = scene;
  const place = (point: Parameters<typeof toPane>[3]) => toPane(plane, pixel, size, point);
  const cursor = place(store.cursor.value);
  return (
    <svg class="plane-overlay" aria-hidden="true">
      {isPane(pane) &&
        crossHair(pane, cursor, ...size).map((line) => (
          <g key={line.pane} class={`cross ${line.pane}`}>
            {line.strokes.map(([from, to], at) => (
              <line key={at} x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} />
            ))}
            {store.tool.value === 'cursor' && line.handles.map(([x, y], at) => <circle key={at} cx={x} cy={y} r={7} data-testid={`${pane}-handle-${line.pane}`} />)}
          </g>
        ))}
      {marksIn(pane).map((mark) => (
        <MarkShape key={mark.id} mark={mark} place={place} />
      ))}
    </svg>
  );
}

const LABEL_OFFSET = 10;

function MarkShape({ mark, place }: { mark: Mark; place: (point: Parameters<typeof toPane>[3]) => [number, number] }) {
  const unit = store.loaded.value?.unit;
  if (mark.kind === 'length') {
    const [[x1, y1], [x2, y2]] = [place(mark.from), place(mark.to)];
    const [x, y] = x2 > x1 ? [x2, y2] : [x1, y1];
    return (
      <g class="mark-shape">
        <line x1={x1} y1={y1} x2={x2} y2={y2} />
        <circle cx={x1} cy={y1} r={3} />
        <circle cx={x2} cy={y2} r={3} />
        <text x={x + LABEL_OFFSET} y={y} data-testid="plane-mark">
          {w(mark.projected ? 'mark.projected' : 'mark.length', { value: lengthOf(mark).toFixed(1) })}
        </text>
      </g>
    );
  }
  const [x, y] = place(mark.at);
  const text = Number.isNaN(mark.value) ? w('mark.outside') : w(unit === 'HU' ? 'cursor.value' : 'cursor.other', { value: valueText(mark.value) });
  return (
    <g class="mark-shape">
      <path d={`M${x - 8} ${y}h6m4 0h6M${x} ${y - 8}v6m0 4v6`} />
      <text x={x + LABEL_OFFSET} y={y - LABEL_OFFSET} data-testid="plane-mark">
        {text}
      </text>
    </g>
  );
}
