import { useEffect, useRef, useState } from 'preact/hooks';
import * as state from '../../state';
import { moveCursor, toggleLayout } from '../actions';
import { pick, seenAt } from '../camera';
import { listen, type Drag, type Gestures, type Place } from '../gestures';
import { edgesOf } from '../planes';
import { capability, VolumeRenderer, type Capability } from '../renderer';
import * as store from '../store';
import * as actions from '../vr_actions';
import { w } from '../words';
import { useSize } from './size';

const ZOOM_PIXELS = 180;
const SPIN_DEGREES = 6;
const SPIN_MS = 60;

/** Asked once: each question takes a WebGL context, of which there are few. */
let able: Capability | undefined;

/** The volume seen from outside. */
export function VrPane() {
  const [root, size] = useSize();
  const screen = useRef<HTMLDivElement>(null);
  const renderer = useRef<VolumeRenderer | null>(null);
  const measured = useRef(size);
  measured.current = size;
  const [outline, setOutline] = useState<readonly Place[]>([]);
  const [sharp, setSharp] = useState(false);
  const [frame, setFrame] = useState(0);
  const [attempt, setAttempt] = useState(0);
  const volume = store.loaded.value?.volume;

  useEffect(() => {
    if (!root.current) return undefined;
    return listen(root.current, vrGestures(() => measured.current, setOutline));
  }, []);

  useEffect(() => {
    if (!screen.current || !volume) return undefined;
    able ??= capability();
    if (!able) {
      store.vrProblem.value = w('refusal.webgl');
      return undefined;
    }
    try {
      const shown = actions.openVr(volume, { phone: state.phone.value, ...able }, () => {
        renderer.current?.changed();
      });
      renderer.current = new VolumeRenderer(
        screen.current,
        shown,
        (fine) => {
          setSharp(fine);
          setFrame((before) => before + 1);
        },
        () => {
          setAttempt((before) => before + 1);
        },
      );
      store.vrProblem.value = null;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      store.vrProblem.value = w('vr.failed');
    }
    return () => {
      renderer.current?.close();
      renderer.current = null;
      actions.pauseVr();
    };
  }, [volume, attempt]);

  const { camera, preset, shift, crop, cuts, working, spinning } = store.vr.value;
  useEffect(() => {
    if (size[0] < 1 || !renderer.current) return;
    if (camera.pixel === 0) actions.fit(size[0], size[1]);
    else {
      renderer.current.resize(size[0], size[1]);
      renderer.current.show({ camera, transfer: actions.currentTransfer(), crop });
    }
  }, [camera, preset, shift, crop, cuts, working === null, size, attempt, volume]);

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

  const edges = edgesOf(camera);
  const problem = store.vrProblem.value;
  return (
    <section ref={root} class="plane vr" aria-label={w('pane.vr')} data-testid="pane-vr" data-ready={sharp} data-frame={frame} data-cuts={cuts}>
      <div class="vr-screen" ref={screen} />
      {problem !== null && <p class="plane-message">{problem}</p>}
      {problem === null && (
        <>
          <VrOverlay outline={outline} size={size} />
          {(['top', 'right', 'bottom', 'left'] as const).map((side) => (
            <span key={side} class={`edge ${side}`} data-testid={`vr-edge-${side}`}>
              {edges[side]}
            </span>
          ))}
          <div class="plane-corner">
            <b>{w('pane.vr')}</b> {w(`vr.${preset}`)}
          </div>
          {working !== null && <p class="plane-message" role="status">{w('vr.working', { percent: Math.round(working * 100) })}</p>}
        </>
      )}
    </section>
  );
}

function VrOverlay({ outline, size }: { outline: readonly Place[]; size: readonly [number, number] }) {
  const { camera } = store.vr.value;
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

function locate(at: Place, size: readonly [number, number]): void {
  const volume = actions.renderedVolume();
  if (!volume) return;
  const point = pick(volume, actions.currentTransfer(), store.vr.value.camera, size, at);
  if (point) moveCursor(point);
}
