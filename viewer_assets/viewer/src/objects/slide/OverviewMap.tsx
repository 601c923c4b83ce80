import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import * as state from '../../state';
import { to } from '../texts';
import type { Slide } from './pyramid';
import type { Session } from './session';
import { fit, matrix, toPane, toSlide, type Size, type View } from './view';

const WIDTH = { desktop: 200, phone: 112 };
const MOST_HEIGHT = 1.2;

interface Props {
  slide: Slide;
  session: RefObject<Session | null>;
  layer: number;
  view: View;
  pane: Size;
  arrived: boolean;
  onGo: (x: number, y: number) => void;
}

/** The whole slide, small, from its coarsest level, with what is on the screen framed. A press goes there. */
export function OverviewMap({ slide, session, layer, view, pane, arrived, onGo }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [columns, rows] = matrix(slide);
  const most = WIDTH[state.phone.value ? 'phone' : 'desktop'];
  const scale = Math.min(most / columns, (most * MOST_HEIGHT) / rows);
  const small: Size = [Math.max(1, Math.round(columns * scale)), Math.max(1, Math.round(rows * scale))];
  const whole = fit([columns, rows], small);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (context) session.current?.paintWhole(context, whole, small, layer);
  }, [arrived, layer, small[0], small[1]]);
  const [left, top] = toPane(whole, small, toSlide(view, pane, [0, 0]));
  const [right, bottom] = toPane(whole, small, toSlide(view, pane, pane));
  const go = (event: PointerEvent & { currentTarget: Element }) => {
    const box = event.currentTarget.getBoundingClientRect();
    onGo(...toSlide(whole, small, [event.clientX - box.left, event.clientY - box.top]));
  };
  return (
    <div
      class="slide-map"
      role="img"
      aria-label={to('slide.map')}
      title={to('slide.map')}
      data-testid="slide-map"
      style={{ width: `${small[0]}px`, height: `${small[1]}px` }}
      onPointerDown={(event) => {
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={(event) => {
        if (event.buttons === 1) go(event);
      }}
    >
      <canvas ref={canvas} width={small[0]} height={small[1]} />
      <span class="slide-frame" data-testid="slide-frame" style={{ left: `${left}px`, top: `${top}px`, width: `${Math.max(4, right - left)}px`, height: `${Math.max(4, bottom - top)}px` }} />
    </div>
  );
}
