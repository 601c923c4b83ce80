import { useEffect, useRef, useState } from 'preact/hooks';
import { moveCursor, toggleLayout } from '../actions';
import { seenAt, type Camera } from '../camera';
import { CannotRender, type Painter, type Picture, type RenderingScene } from '../drawing';
import { listen, type Drag, type Gestures, type Place } from '../gestures';
import { newestOnly } from '../newest';
import { edgesOf } from '../planes';
import { drawAt, serverAllowed } from '../session';
import * as store from '../store';
import * as actions from '../vr_actions';
import { w } from '../words';
import { Choice } from './Choice';
import { useSize } from './size';

const ZOOM_PIXELS = 180;
const SPIN_DEGREES = 6;
const SPIN_MS = 60;

/** The volume seen from outside. */
export function VrPane() {
  const [root, size] = useSize();
  const screen = useRef<HTMLDivElement>(null);
  const painter = useRef<Painter<RenderingScene> | null>(null);
  const measured = useRef(size);
  measured.current = size;
  const [outline, setOutline] = useState<readonly Place[]>([]);
  const [sharp, setSharp] = useState(false);
  const [picture, setPicture] = useState<Picture | null>(null);
  const [frame, setFrame] = useState(0);
  const [attempt, setAttempt] = useState(0);
  const drawing = store.loaded.value?.drawing;

  useEffect(() => {
    if (!root.current) return undefined;
    return listen(root.current, vrGestures(() => measured.current, setOutline));
  }, []);

  useEffect(() => {
    if (!screen.current || !drawing) return undefined;
    try {
      painter.current = drawing.rendering(screen.current, {
        sharp: (fine) => {
          setSharp(fine);
          setFrame((before) => before + 1);
        },
        picture: setPicture,
        lost: () => {
          setAttempt((before) => before + 1);
        },
      });
      store.vrProblem.value = null;
    } catch (error) {
      if (!(error instanceof CannotRender)) throw error;
      store.vrProblem.value = error.message;
    }
    return () => {
      painter.current?.close();
      painter.current = null;
    };
  }, [drawing, attempt]);

  const { camera, preset, shift, crop, cuts, working, spinning } = store.vr.value;
  useEffect(() => {
    if (size[0] < 1 || !painter.current) return;
    if (camera.pixel === 0) actions.fit(size[0], size[1]);
    else painter.current.show({ camera, preset, shift, crop, width: size[0], height: size[1] });
  }, [camera, preset, shift, crop, cuts, working === null, size, attempt, drawing]);

  useEffect(() => {
    if (!spinning) return undefined;
    // After each frame, so that a slow machine turns slowly and skips nothing.
    const timer = setTimeout(() => {
      actions.spinBy(SPIN_DEGREES);
    }, SPIN_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [spinning, frame]);

  const seen: Camera = picture ? { ...picture.plane, pixel: picture.pixel } : camera;
  const edges = picture?.edges ?? edgesOf(camera);
  const problem = store.vrProblem.value;
  return (
    <section ref={root} class="plane vr" aria-label={w('pane.vr')} data-testid="pane-vr" data-ready={sharp} data-frame={frame} data-cuts={cuts}>
      <div class="vr-screen" ref={screen} />
      {problem !== null && (
        <div class="plane-message">
          <p>{problem}</p>
          {serverAllowed() && drawing?.place === 'local' && <Choice id="vr-server" label={w('place.toServer')} onPress={() => { drawAt('server'); }} />}
        </div>
      )}
      {problem === null && (
        <>
          <VrOverlay camera={seen} outline={outline} size={size} />
          {(['top', 'right', 'bottom', 'left'] as const).map((side) => (
            <span key={side} class={`edge ${side}`} data-testid={`vr-edge-${side}`}>
              {edges[side]}
            </span>
          ))}
          <div class="plane-corner">
            <b>{w('pane.vr')}</b> {w(`vr.${preset}`)}
            {!sharp && <div class="plane-preview" data-testid="vr-preview">{w('mark.preview')}</div>}
          </div>
          {working !== null && <p class="plane-message" role="status">{working > 0 ? w('vr.working', { percent: Math.round(working * 100) }) : w('vr.busy')}</p>}
        </>
      )}
    </section>
  );
}

function VrOverlay({ camera, outline, size }: { camera: Camera; outline: readonly Place[]; size: readonly [number, number] }) {
  if (camera.pixel === 0) return null;
  const [x, y] = seenAt(camera, size, store.cursor.value);
  return (
    <svg class="plane-overlay" aria-hidden="true">
      <path class="vr-cursor" d={`M${x - 10} ${y}h7m6 0h7M${x} ${y - 10}v7m0 6v7`} />
      {outline.length > 1 && <polygon class="outline" points={outline.map(([px, py]) => `${px},${py}`).join(' ')} />}
    </svg>
  );
}

/** What mouse and fingers do to the rendering, by the chosen tool. */
function vrGestures(size: () => readonly [number, number], setOutline: (outline: readonly Place[]) => void): Gestures {
  const shiftDrag = (): Drag => ({
    move: (_, [dx, dy]) => {
      const [width, height] = size();
      actions.shiftBy(dx / width, dy / height);
    },
  });
  const cutDrag = (start: Place, rectangle: boolean): Drag => {
    let outline: readonly Place[] = [start];
    return {
      move: (at) => {
        outline = rectangle ? [start, [at[0], start[1]], at, [start[0], at[1]]] : [...outline, at];
        setOutline(outline);
      },
      end: (_, moved, cancelled) => {
        setOutline([]);
        if (moved && !cancelled) void actions.cutOutline(outline, ...size());
      },
    };
  };
  const drags: Record<store.VrTool, (at: Place) => Drag> = {
    rotate: () => ({ move: (_, [dx, dy]) => { actions.rotateBy(dx, dy); } }),
    zoom: () => ({ move: (_, [, dy]) => { actions.zoomVr(Math.exp(-dy / ZOOM_PIXELS)); } }),
    pan: () => ({ move: (_, [dx, dy]) => { actions.panVr(dx, dy); } }),
    shift: shiftDrag,
    pick: (start) => {
      locate(start, size());
      return { move: (at) => { locate(at, size()); } };
    },
    rectangle: (at) => cutDrag(at, true),
    freehand: (at) => cutDrag(at, false),
  };
  return {
    press: (at, button) => {
      if (store.vrProblem.value !== null || store.vr.value.working !== null) return undefined;
      if (button === 'secondary') return shiftDrag();
      return drags[button === 'middle' ? 'pan' : store.vr.value.tool](at);
    },
    wheel: (steps) => {
      actions.zoomVr(1.12 ** -steps);
    },
    pinch: (factor, [dx, dy]) => {
      actions.zoomVr(factor);
      actions.panVr(dx, dy);
    },
    doublePress: () => {
      if (store.vr.value.tool !== 'pick') toggleLayout('vr');
    },
  };
}

const locating = newestOnly(async ({ at, size }: { at: Place; size: readonly [number, number] }) => {
  const loaded = store.loaded.value;
  const { camera, preset, shift, crop } = store.vr.value;
  const point = await loaded?.drawing.pick({ camera, preset, shift, crop, width: size[0], height: size[1] }, at);
  if (point && store.loaded.value === loaded) moveCursor(point);
});

function locate(at: Place, size: readonly [number, number]): void {
  locating({ at, size });
}
