import type { ViewState } from '../../engine/view';
import { FONT } from '../../font';
import { place, type Drawing, type Place } from '../../engine/presentation';

const LEAST_FONT = 11;
const LARGEST_FONT = 28;
const FONT_SIZE = 15;
const POINT = 4;
const FAR = 1e5;

type Point = (at: Place) => Place;

/** What a presentation state draws over a picture: shutter, graphics and texts. Colours stand at each shape, since it is exported as it is. */
export function PresentationLayer({ view }: { view: ViewState }) {
  const { presentation, toScreen } = view;
  if (!presentation || !toScreen) return null;
  const screen: Point = (at) => place(toScreen, at);
  return (
    <svg class="presentation" data-testid="presentation-layer" aria-hidden="true" data-drawings={presentation.drawings.length}>
      {presentation.shutters.map((opening, at) => (
        <path key={at} data-testid="presentation-shutter" fill={presentation.shutterColour} fill-rule="evenodd" d={`M${-FAR} ${-FAR}H${FAR}V${FAR}H${-FAR}Z${line(opening, screen)}Z`} />
      ))}
      {presentation.drawings.map((drawing, at) => <Shape key={at} drawing={drawing} screen={screen} />)}
    </svg>
  );
}

function line(points: readonly Place[], screen: Point): string {
  return points.map((point, at) => `${at === 0 ? 'M' : 'L'}${screen(point).map((value) => value.toFixed(2)).join(' ')}`).join('');
}

function Shape({ drawing, screen }: { drawing: Drawing; screen: Point }) {
  const { colour } = drawing;
  if (drawing.kind === 'path') {
    return <path data-testid="presentation-path" d={line(drawing.points, screen)} fill={drawing.filled ? colour : 'none'} stroke={colour} stroke-width="1.5" />;
  }
  if (drawing.kind === 'point') {
    const [x, y] = screen(drawing.at);
    return <path data-testid="presentation-point" data-x={x} data-y={y} d={`M${x - POINT} ${y}h${2 * POINT}M${x} ${y - POINT}v${2 * POINT}`} stroke={colour} stroke-width="1.5" fill="none" />;
  }
  return <Words drawing={drawing} screen={screen} />;
}

/** Texts stand upright whatever the picture does (PS3.3 C.10.5.1.3). */
function Words({ drawing, screen }: { drawing: Drawing & { kind: 'text' }; screen: Point }) {
  const { lines, box, anchor, visibleAnchor, align, colour } = drawing;
  const corners = box?.map(screen);
  const at = anchor && screen(anchor);
  const [left, right] = corners ? [Math.min(...corners.map(([x]) => x)), Math.max(...corners.map(([x]) => x))] : [at?.[0] ?? 0, at?.[0] ?? 0];
  const [top, bottom] = corners ? [Math.min(...corners.map(([, y]) => y)), Math.max(...corners.map(([, y]) => y))] : [at?.[1] ?? 0, at?.[1] ?? 0];
  const size = corners ? Math.max(LEAST_FONT, Math.min(LARGEST_FONT, (bottom - top) / Math.max(1, lines.length) / 1.25)) : FONT_SIZE;
  const x = align === 'start' ? left : align === 'end' ? right : (left + right) / 2;
  return (
    <g data-testid="presentation-text">
      {corners && at && visibleAnchor && <path d={`M${(left + right) / 2} ${at[1] > bottom ? bottom : at[1] < top ? top : (top + bottom) / 2}L${at[0]} ${at[1]}`} stroke={colour} stroke-width="1.5" fill="none" />}
      <text x={x} y={top} fill={colour} font-size={size} font-family={FONT} text-anchor={align} paint-order="stroke" stroke="#000" stroke-width="3">
        {lines.map((text, row) => <tspan key={row} x={x} dy={row === 0 ? size : size * 1.25}>{text}</tspan>)}
      </text>
    </g>
  );
}
