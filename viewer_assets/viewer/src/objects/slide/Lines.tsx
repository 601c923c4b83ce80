import { toPane, type Point, type Size, type View } from './view';

/** Between two of the slide's pixels. */
export interface Line {
  from: Point;
  to: Point;
  done: boolean;
}

export function Lines({ lines, view, pane, text }: { lines: readonly Line[]; view: View; pane: Size; text: (line: Line) => string }) {
  return (
    <svg class="slide-lines" aria-hidden="true">
      {lines.map((line, at) => {
        const [[x0, y0], [x1, y1]] = [toPane(view, pane, line.from), toPane(view, pane, line.to)];
        return (
          <g key={at}>
            <line class="under" x1={x0} y1={y0} x2={x1} y2={y1} />
            <line x1={x0} y1={y0} x2={x1} y2={y1} />
            <circle cx={x0} cy={y0} r="3" />
            <circle cx={x1} cy={y1} r="3" />
            <text data-testid="slide-length" x={(x0 + x1) / 2 + 8} y={(y0 + y1) / 2 - 8}>{text(line)}</text>
          </g>
        );
      })}
    </svg>
  );
}
