import { STANDARD_VIEWS } from '../camera';
import * as store from '../store';
import { vrPresetsFor } from '../transfer';
import * as actions from '../vr_actions';
import { w } from '../words';
import { Choice, Section } from './Choice';

const CROPS = ['L', 'P', 'H'] as const;

function reveal(): void {
  const { layout } = store;
  if (layout.value !== 'quad' && layout.value !== 'vr') layout.value = 'vr';
}

/** How the volume is rendered, looked at and cut. */
export function VrSettings() {
  const problem = store.vrProblem.value;
  const vr = store.vr.value;
  if (problem !== null) {
    return (
      <Section title={w('vr.title')}>
        <small>{problem}</small>
      </Section>
    );
  }
  const change = (part: Partial<store.VrState>) => {
    store.vr.value = { ...store.vr.value, ...part };
  };
  const busy = vr.working !== null;
  return (
    // Whatever is set here is meant to be seen.
    <div onClickCapture={reveal}>
      <Section title={w('vr.title')}>
        <div class="choices">
          {vrPresetsFor(store.loaded.value?.unit ?? '').map((preset) => (
            <Choice key={preset} id={`vr-preset-${preset}`} label={w(`vr.${preset}`)} active={vr.preset === preset} onPress={() => { actions.choosePreset(preset); }} />
          ))}
        </div>
        <div class="choices">
          {STANDARD_VIEWS.map((view) => (
            <Choice key={view} id={`vr-view-${view}`} label={w(`vr.view.${view}`)} onPress={() => { actions.lookFrom(view); }} />
          ))}
          <Choice id="vr-spin" label={w(vr.spinning ? 'vr.spinStop' : 'vr.spin')} active={vr.spinning} onPress={() => { change({ spinning: !vr.spinning }); }} />
        </div>
        <div class="choices">
          {store.VR_TOOLS.map((tool) => (
            <Choice key={tool} id={`vr-tool-${tool}`} label={w(`vr.${tool}`)} active={vr.tool === tool} onPress={() => { change({ tool }); }} />
          ))}
        </div>
        <div class="choices">
          {(['inside', 'outside'] as const).map((take) => (
            <Choice key={take} id={`vr-take-${take}`} label={w(`vr.${take}`)} active={vr.take === take} onPress={() => { change({ take }); }} />
          ))}
          <Choice id="vr-undo" label={w('vr.undo')} disabled={busy || vr.cuts === 0} onPress={() => { void actions.undoCut(); }} />
          <Choice id="vr-restore" label={w('vr.restore')} disabled={busy} onPress={() => { void actions.restoreCuts(); }} />
          <Choice
            id="vr-background"
            label={w('vr.background')}
            disabled={busy}
            onPress={() => {
              void actions.removeBackground();
            }}
          />
        </div>
        {vr.nothing && <small>{w('vr.nothing')}</small>}
        <CropBox />
      </Section>
    </div>
  );
}

/** Two sliders for each direction of the patient. */
function CropBox() {
  const { crop } = store.vr.value;
  return (
    <fieldset class="crop">
      <legend>{w('vr.crop')}</legend>
      {CROPS.map((name, axis) => (
        <div class="row" key={name}>
          <span>{w(`vr.crop.${name}`)}</span>
          {([0, 1] as const).map((side) => (
            <input
              key={side}
              type="range"
              aria-label={`${w(`vr.crop.${name}`)} ${w(side === 0 ? 'vr.from' : 'vr.to')}`}
              data-testid={`crop-${name}-${side}`}
              min={0}
              max={100}
              value={Math.round((crop[axis]?.[side] ?? side) * 100)}
              onInput={(event) => {
                actions.setCrop(axis, side, Number(event.currentTarget.value) / 100);
              }}
            />
          ))}
        </div>
      ))}
    </fieldset>
  );
}
