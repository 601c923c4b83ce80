import { useState } from 'preact/hooks';
import { presetText } from '../../ui/text';
import * as actions from '../actions';
import { batchAngles, PANES, type Pane } from '../planes';
import { PROJECTIONS } from '../reslice';
import { positionText, valueText } from '../marks';
import * as store from '../store';
import { w } from '../words';
import { Choice, NumberField, Section } from './Choice';
import { PlaceSettings } from './PlaceSettings';
import { VrSettings } from './VrSettings';

/** Everything that is typed or chosen: beside the planes on a desktop, in a sheet on a phone. */
export function Inspector() {
  return (
    <>
      <CursorReadout />
      <PlaceSettings />
      <SlabSettings />
      <WindowSettings />
      <TurnSettings />
      <BatchSettings />
      <VrSettings />
      <p class="settings quiet">{w('keys.title')}</p>
    </>
  );
}

/** Where the cursor is, and the value there. */
export function CursorReadout() {
  const loaded = store.loaded.value;
  if (!loaded) return null;
  const point = store.cursor.value;
  const value = store.cursorValue.value;
  const key = loaded.unit === 'HU' ? 'cursor.value' : 'cursor.other';
  const known = value === undefined ? '…' : valueText(value);
  return (
    <Section title={w('cursor.title')}>
      <output class="readout" data-testid="cursor-readout">
        <span data-testid="cursor-position">{positionText(point)} mm</span>
        <span data-testid="cursor-value">{Number.isNaN(value) ? w('cursor.outside') : w(key, { value: known })}</span>
      </output>
    </Section>
  );
}

function SlabSettings() {
  const { thickness, projection } = store.slab.value;
  const most = actions.wholeThickness();
  return (
    <Section title={w('slab.title')}>
      <div class="choices">
        <Choice id="slab-thin" label={w('slab.thin')} active={thickness === 0} onPress={() => { actions.setProjection('thin'); }} />
        {PROJECTIONS.map((name) => (
          <Choice key={name} id={`slab-${name}`} label={w(`slab.${name}`)} active={thickness > 0 && projection === name} onPress={() => { actions.setProjection(name); }} />
        ))}
      </div>
      <div class="row">
        <NumberField id="slab-thickness" label={w('slab.thickness')} value={thickness} min={0} max={most} onValue={actions.setThickness} />
        <Choice id="slab-whole" label={w('slab.whole')} onPress={() => { actions.setThickness(most); }} />
      </div>
      <input
        type="range"
        aria-label={w('slab.thickness')}
        data-testid="slab-slider"
        min={0}
        max={Math.min(100, most)}
        step={0.5}
        value={Math.min(100, thickness)}
        onInput={(event) => {
          actions.setThickness(Number(event.currentTarget.value));
        }}
      />
    </Section>
  );
}

function WindowSettings() {
  const { width, center } = store.greyWindow.value;
  const presets = store.loaded.value?.presets ?? [];
  return (
    <Section title={w('window.title')}>
      <div class="row">
        <NumberField id="volume-window-width" label={w('window.width')} value={width} min={1} max={1_000_000} onValue={(value) => { actions.setWindow({ width: value, center: store.greyWindow.value.center }); }} />
        <NumberField id="volume-window-center" label={w('window.center')} value={center} min={-1_000_000} max={1_000_000} onValue={(value) => { actions.setWindow({ width: store.greyWindow.value.width, center: value }); }} />
      </div>
      <div class="choices">
        <Choice id="volume-preset-default" label={w('window.file')} onPress={actions.resetWindow} />
        {presets.map((preset) => (
          <Choice
            key={preset.key}
            id={`volume-preset-${preset.key}`}
            label={presetText(preset)}
            active={preset.width === width && preset.center === center}
            onPress={() => { actions.setWindow(preset); }}
          />
        ))}
      </div>
    </Section>
  );
}

function PaneChoice({ id, label, value, onChoose }: { id: string; label: string; value: Pane; onChoose: (pane: Pane) => void }) {
  return (
    <div class="choices" role="group" aria-label={label}>
      {PANES.map((pane) => (
        <Choice key={pane} id={`${id}-${pane}`} label={w(`pane.${pane}`)} active={value === pane} onPress={() => { onChoose(pane); }} />
      ))}
    </div>
  );
}

function TurnSettings() {
  const [pane, setPane] = useState<Pane>('axial');
  const [degrees, setDegrees] = useState(15);
  return (
    <Section title={w('turn.title')}>
      <PaneChoice id="turn" label={w('turn.pane')} value={pane} onChoose={setPane} />
      <div class="row">
        <NumberField id="turn-degrees" label={w('turn.degrees')} value={degrees} min={-180} max={180} onValue={setDegrees} />
        <Choice id="turn-apply" label={w('turn.apply')} hint={w('turn.hint')} onPress={() => { actions.turn(pane, degrees); }} />
        <Choice id="turn-reset" label={w('turn.reset')} onPress={actions.straighten} />
      </div>
      <small>{w('turn.hint')}</small>
    </Section>
  );
}

const MOST_IMAGES = 720;

function BatchSettings() {
  const [pane, setPane] = useState<Pane>('coronal');
  const [about, setAbout] = useState<store.Batch['about']>('vertical');
  const [step, setStep] = useState(10);
  const [range, setRange] = useState(180);
  const count = batchAngles(step, range).length;
  return (
    <Section title={w('batch.title')}>
      <PaneChoice id="batch-pane" label={w('batch.pane')} value={pane} onChoose={setPane} />
      <div class="choices" role="group" aria-label={w('batch.about')}>
        {(['vertical', 'horizontal'] as const).map((name) => (
          <Choice key={name} id={`batch-${name}`} label={w(`batch.${name}`)} active={about === name} onPress={() => { setAbout(name); }} />
        ))}
      </div>
      <div class="row">
        <NumberField id="batch-step" label={w('batch.step')} value={step} min={0.5} max={90} onValue={setStep} />
        <NumberField id="batch-range" label={w('batch.range')} value={range} min={1} max={360} onValue={setRange} />
      </div>
      <div class="row">
        <Choice id="batch-start" label={w('batch.start')} disabled={count > MOST_IMAGES} onPress={() => { actions.startBatch({ pane, about, step, range }); }} />
        <span class="quiet">{w('batch.count', { count })}</span>
        {store.batch.value && <Choice id="batch-end" label={w('batch.end')} onPress={actions.endBatch} />}
      </div>
    </Section>
  );
}
