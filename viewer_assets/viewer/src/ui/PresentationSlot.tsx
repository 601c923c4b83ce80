import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { asViewerError } from '../dicomweb/errors';
import type { ViewState } from '../engine/view';
import { t } from '../i18n';
import { presentationOn, report } from '../panes';
import type { Pane } from '../state';
import { clip } from './text';

const LONGEST = 40;

/** What a presentation state draws comes in its own chunk. */
export function PresentationSlot({ pane }: { pane: Pane }) {
  const [layer, setLayer] = useState<{ component: FunctionComponent<{ view: ViewState }> } | null>(null);
  const wanted = pane.view.value.presentation !== null;
  useEffect(() => {
    if (!wanted || layer) return;
    import('../objects/presentation/Layer').then(
      ({ PresentationLayer }) => {
        setLayer({ component: PresentationLayer });
      },
      (error: unknown) => {
        // The picture must not be taken for one without drawings.
        report(asViewerError(error, 'network'), 'network', pane);
      },
    );
  }, [wanted]);
  const { shown } = pane.view.value;
  return wanted && shown && layer ? <layer.component view={pane.view.value} /> : null;
}

/** Says that a presentation state is on, by whom, and what of it is not shown; and takes it off. */
export function PresentationMark({ pane }: { pane: Pane }) {
  const state = pane.presentation.value;
  if (!state || !pane.view.value.shown) return null;
  const on = pane.presentationOn.value;
  const here = pane.view.value.presentation !== null;
  return (
    <div class="presentation-mark" data-testid="presentation-mark" data-on={on}>
      <button type="button" class="plain" aria-pressed={on} data-testid="presentation-switch" onClick={() => { presentationOn(pane, !on); }}>
        {t(on ? 'presentation.off' : 'presentation.again')}
      </button>
      <p>
        {t(!on ? 'presentation.plain' : here ? 'presentation.on' : 'presentation.notThis', { label: clip(state.label, LONGEST), creator: clip(state.creator, LONGEST) })}
        {on && here && state.notes.map((note) => <small key={note} data-testid="presentation-note">{note}</small>)}
      </p>
    </div>
  );
}
