import { Choice, Push, Switch } from '../controls';
import { to } from '../texts';
import { possible, type Filters } from './filter';
import { GAINS, layoutsOf, SPEEDS, type LayoutName } from './layout';
import type { Group } from './waveform';

export interface Settings {
  /** Which multiplex group is on the paper. */
  group: number;
  layout: LayoutName;
  /** mm/s */
  speed: number;
  /** mm/mV */
  gain: number;
  zoom: number;
  filters: Filters;
  measuring: boolean;
  snap: boolean;
}

interface EcgControlsProps {
  settings: Settings;
  groups: readonly Group[];
  group: Group;
  onChange: (part: Partial<Settings>) => void;
  onZoom: (factor: number) => void;
  onCalibrate: () => void;
  onSave: () => void;
  onPrint: () => void;
}

const STEP = 1.25;

/** Two names that devices write; others stand as they are. */
function groupName(label: string, index: number): string {
  if (/^rhythm/i.test(label)) return to('ecg.rhythm');
  if (/^median/i.test(label)) return to('ecg.median');
  return label.slice(0, 16) || String(index + 1);
}

export function EcgControls({ settings, groups, group, onChange, onZoom, onCalibrate, onSave, onPrint }: EcgControlsProps) {
  const { filters } = settings;
  const can = possible(group.frequency);
  const filter = (name: keyof Filters, text: string) => (
    <Switch
      name={`ecg-filter-${name}`}
      on={filters[name] && can[name]}
      disabled={!can[name]}
      title={to('ecg.filterHint')}
      onChange={(on) => { onChange({ filters: { ...filters, [name]: on } }); }}
    >
      {text}
    </Switch>
  );
  return (
    <div class="object-bar" role="toolbar">
      <div class="choice">
        <Switch name="ecg-measure" on={settings.measuring} title={to('ecg.measureHint')} onChange={(measuring) => { onChange({ measuring }); }}>{to('ecg.measure')}</Switch>
        <Switch name="ecg-snap" on={settings.snap} title={to('ecg.snapHint')} onChange={(snap) => { onChange({ snap }); }}>{to('ecg.snap')}</Switch>
      </div>
      {groups.length > 1 && (
        <Choice label={to('ecg.group')} name="ecg-group" values={groups.map((_, at) => at)} value={settings.group} text={(at) => groupName(groups[at]?.label ?? '', at)} onChange={(at) => { onChange({ group: at }); }} />
      )}
      <Choice label={to('ecg.speed')} name="ecg-speed" values={SPEEDS} value={settings.speed} text={String} onChange={(speed) => { onChange({ speed }); }} />
      <Choice label={to('ecg.gain')} name="ecg-gain" values={GAINS} value={settings.gain} text={String} onChange={(gain) => { onChange({ gain }); }} />
      {layoutsOf(group).length > 1 && (
        <Choice label={to('ecg.layout')} name="ecg-layout" values={layoutsOf(group)} value={settings.layout} text={(name) => (name === '3x4' ? '3×4+1' : name.replace('x', '×'))} onChange={(layout) => { onChange({ layout }); }} />
      )}
      <div class="choice">
        <span>{to('ecg.filters')}</span>
        {filter('baseline', to('ecg.baseline'))}
        {filter('mains', to('ecg.mains'))}
        {filter('muscle', to('ecg.muscle'))}
      </div>
      <div class="choice">
        <Push name="ecg-smaller" label={to('object.smaller')} onPress={() => { onZoom(1 / STEP); }}>−</Push>
        <Push name="ecg-larger" label={to('object.larger')} onPress={() => { onZoom(STEP); }}>+</Push>
        <Push name="ecg-calibrate" label={to('ecg.calibrate')} onPress={onCalibrate} />
      </div>
      <div class="choice">
        <Push name="ecg-save" label={to('ecg.save')} onPress={onSave} />
        <Push name="ecg-print" label={to('object.print')} onPress={onPrint} />
      </div>
    </div>
  );
}
