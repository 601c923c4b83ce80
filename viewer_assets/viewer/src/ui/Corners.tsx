import type { ViewState } from '../engine/view';
import { t } from '../i18n';
import * as state from '../state';
import type { Pane } from '../state';
import { LONGEST, patientLines, pictureLines, seriesLines, SPACING_MARKS } from './corners-text';
import { clip } from './text';

function Lines({ lines }: { lines: string[] }) {
  return lines.filter((line) => line.trim() !== '').map((line, row) => <div key={row}>{clip(line, LONGEST)}</div>);
}

/** Marks that stay when the corners are hidden: without them a picture can mislead. */
function Marks({ view }: { view: ViewState }) {
  const { lossy, inverted, edges, spacingKind, shown } = view;
  if (!shown) return null;
  const spacing = SPACING_MARKS[spacingKind];
  return (
    <div class="marks">
      {lossy && <span class="mark" data-testid="mark-lossy">{t('mark.lossy')}</span>}
      {inverted && <span class="mark">{t('mark.inverted')}</span>}
      {!edges && <span class="mark" data-testid="mark-orientation">{t('mark.unknownOrientation')}</span>}
      {spacing && <span class="mark quiet">{t(spacing)}</span>}
    </div>
  );
}

/** The letters at the four sides; none when the file does not tell the direction. */
export function Edges({ edges }: { edges: ViewState['edges'] }) {
  if (!edges) return null;
  return (
    <>
      {(['top', 'right', 'bottom', 'left'] as const).map((side) => (
        <span key={side} class={`edge ${side}`} data-testid={`edge-${side}`}>
          {edges[side]}
        </span>
      ))}
    </>
  );
}

function ScaleBar({ view: { scaleBar, shown } }: { view: ViewState }) {
  if (!scaleBar || !shown) return null;
  return (
    <div class="scale-bar" style={{ width: `${scaleBar.pixels}px` }}>
      {scaleBar.label}
    </div>
  );
}

export function Corners({ pane }: { pane: Pane }) {
  const open = pane.open.value;
  const view = pane.view.value;
  if (!open || view.blank) return null;
  const { study, series } = open;
  return (
    <div class="corners" data-testid="corners">
      {state.infoVisible.value && (
        <>
          <div class="corner top left"><Lines lines={patientLines(study)} /></div>
          <div class="corner top right"><Lines lines={seriesLines(series, view)} /></div>
          <div class="corner bottom left"><Lines lines={pictureLines(pane)} /></div>
        </>
      )}
      {!state.infoVisible.value && study.anonymous && <div class="corner top left">{t('app.anonymous')}</div>}
      <Edges edges={view.shown ? view.edges : null} />
      <ScaleBar view={view} />
      <Marks view={view} />
    </div>
  );
}
