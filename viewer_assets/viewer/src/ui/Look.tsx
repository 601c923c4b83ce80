import { useState } from 'preact/hooks';
import { COLOUR_NAMES, gradient } from '../engine/colours';
import type { Look as LookOf } from '../engine/look';
import { t, type Key } from '../i18n';
import { withActive } from '../panes';
import * as state from '../state';
import { lookTools, turnActions } from './actions';
import { ToolRow } from './Toolbar';

function Choice({ text, active, id, run, strip }: { text: string; active: boolean; id: string; run: () => void; strip?: string }) {
  return (
    <button type="button" class={active ? 'plain chosen' : 'plain'} aria-pressed={active} data-testid={id} onClick={run}>
      {strip !== undefined && <i class="strip" style={{ background: strip }} />}
      {text}
    </button>
  );
}

function change(part: Partial<LookOf>) {
  withActive((pane) => {
    pane.setLook(part);
  });
}

const STEPS: readonly Key[] = ['look.off', 'look.weak', 'look.medium', 'look.strong'];

function Steps({ of }: { of: 'sharpen' | 'smooth' }) {
  const now = state.view.value.look[of];
  return (
    <div class="choices">
      {STEPS.map((key, step) => (
        <Choice key={key} text={t(key)} active={now === step} id={`${of}-${step}`} run={() => { change({ [of]: step }); }} />
      ))}
    </div>
  );
}

function Degrees() {
  const [typed, setTyped] = useState(String(Math.round(state.view.value.rotation * 10) / 10));
  const degrees = Number(typed);
  const valid = typed.trim() !== '' && Number.isFinite(degrees);
  return (
    <form
      class="window-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (valid) withActive((pane) => { pane.turn(degrees, false); });
      }}
    >
      <label>
        {t('look.degrees')}
        <input type="number" step="any" inputMode="decimal" value={typed} data-testid="degrees" onInput={(event) => { setTyped(event.currentTarget.value); }} />
      </label>
      <button type="submit" class="plain" data-testid="degrees-apply" disabled={!valid}>
        {t('preset.apply')}
      </button>
    </form>
  );
}

/** Colours, filters, turning: what changes a picture for the eye and no value in it. */
export function Look() {
  const { look, colour, rendering } = state.view.value;
  const drawn = rendering === 'gpu';
  return (
    <div class="look">
      <div onClick={() => { state.panel.value = null; }}>
        <ToolRow actions={lookTools()} />
      </div>
      <ToolRow actions={turnActions()} />
      <Degrees />
      {!drawn && <p class="note">{t('look.needsGraphics')}</p>}
      {drawn && !colour && (
        <>
          <h3>{t('look.colours')}</h3>
          <div class="choices">
            <Choice text={t('look.off')} active={look.colour === null} id="colour-off" run={() => { change({ colour: null }); }} />
            {COLOUR_NAMES.map((name) => (
              <Choice key={name} text={t(`colour.${name}`)} active={look.colour === name} id={`colour-${name}`} strip={gradient(name, 'to right')} run={() => { change({ colour: name }); }} />
            ))}
          </div>
        </>
      )}
      {drawn && (
        <>
          <h3>{t('look.sharpen')}</h3>
          <Steps of="sharpen" />
          <h3>{t('look.smooth')}</h3>
          <Steps of="smooth" />
        </>
      )}
      <h3>{t('look.lens')}</h3>
      <div class="choices">
        {[2, 3, 4].map((factor) => (
          <Choice key={factor} text={`${factor}×`} active={state.lensFactor.value === factor} id={`lens-${factor}`} run={() => { state.lensFactor.value = factor; }} />
        ))}
      </div>
    </div>
  );
}
