import { useMemo, useRef, useState } from 'preact/hooks';
import type { SeriesSummary, StudySummary } from '../../dicomweb/types';
import * as state from '../../state';
import { clip, patientLine } from '../../ui/text';
import { InstanceChoice } from '../controls';
import { print, save } from '../saving';
import { to } from '../texts';
import { useCalipers } from './calipers';
import { Calibration } from './Calibration';
import { EcgCanvas } from './EcgCanvas';
import { EcgControls, type Settings } from './EcgControls';
import { picture } from './export';
import { BASELINE_HZ, filtered, MAINS_HZ, MUSCLE_HZ, NO_FILTERS, possible } from './filter';
import { duration, lay, layoutsOf } from './layout';
import { Annotations, Readings, readingText } from './Readings';
import { screenScale } from './scale';
import type { Annotation, Group } from './waveform';

interface EcgViewProps {
  groups: Group[];
  annotations: Annotation[];
  taken: string;
  study: StudySummary;
  series: SeriesSummary;
  count: number;
  index: number;
  onInstance: (index: number) => void;
}

const ZOOM = { least: 0.25, greatest: 4 };

/** Paper, calipers and what the file says beside them. */
export function EcgView({ groups, annotations, taken, study, series, count, index, onInstance }: EcgViewProps) {
  const [settings, setSettings] = useState<Settings>(() => initial(groups));
  const root = useRef<HTMLDivElement>(null);
  const calipers = useCalipers(root);
  const [calibrating, setCalibrating] = useState(false);
  const change = (part: Partial<Settings>) => {
    // What was measured belongs to the traces that it was measured on.
    if (part.group !== undefined && part.group !== settings.group) calipers.clear();
    setSettings({ ...settings, ...part });
  };
  const raw = groups[settings.group] ?? groups[0];
  const { filters, layout, speed, gain, zoom } = settings;
  const group = useMemo(
    () => raw && { ...raw, channels: raw.channels.map((channel) => ({ ...channel, values: channel.unit === 'mV' ? filtered(channel.values, raw.frequency, filters) : channel.values })) },
    [raw, filters],
  );
  const paper = useMemo(() => group && lay(group, layoutsOf(group).includes(layout) ? layout : '12x1', speed, gain), [group, layout, speed, gain]);
  if (!group || !paper) return null;
  const sheet = { paper, frequency: group.frequency, speed, calipers: calipers.all, selected: calipers.selected, label: readingText };
  const marks = filterMarks(settings, group.frequency);
  const paperText = to('ecg.paper', { speed, gain });
  const header = () => [
    ...(state.infoVisible.value ? patientLines(study) : []),
    [taken, paperText, ...marks].filter((part) => part !== '').join('　'),
  ];
  const exported = (use: (made: { blob: Blob; width: number }) => unknown) => () => void picture(sheet, header()).then(use);
  return (
    <div class="ecg" ref={root} data-testid="ecg" data-speed={speed} data-gain={gain} data-layout={layout} data-scale={screenScale.value.pixels * zoom} data-count={group.count}>
      <header class="object-head">
        {state.infoVisible.value && <span>{patientLines(study).map((line) => clip(line, 60)).join('　')}</span>}
        <span>{taken}</span>
        <span>{to('ecg.recording', { seconds: Number(duration(group).toFixed(1)), frequency: group.frequency })}</span>
        <InstanceChoice label={(number, all) => to('object.instance', { number, count: all })} count={count} index={index} onChange={onInstance} />
      </header>
      <EcgControls
        settings={settings}
        groups={groups}
        group={group}
        onChange={change}
        onZoom={(factor) => { change({ zoom: Math.min(Math.max(zoom * factor, ZOOM.least), ZOOM.greatest) }); }}
        onCalibrate={() => { setCalibrating(!calibrating); }}
        onSave={exported(({ blob }) => { save(blob, `ecg-${series.number ?? 1}-${index + 1}.jpg`); })}
        onPrint={exported(({ blob, width }) => print(blob, width))}
      />
      <div class="ecg-body">
        <div class="ecg-paper">
          <EcgCanvas
            sheet={sheet}
            scale={screenScale.value.pixels * zoom}
            measuring={settings.measuring}
            snap={settings.snap}
            nextId={calipers.nextId}
            onSelect={calipers.select}
            onChange={calipers.put}
          />
          <p class="ecg-marks">
            <span data-testid="ecg-paper-text">{paperText}</span>
            <span data-testid="ecg-scale">{scaleText(zoom)}</span>
            {marks.map((mark) => <span key={mark} class="mark" data-testid="ecg-filter-mark">{mark}</span>)}
          </p>
          {calibrating && <Calibration onClose={() => { setCalibrating(false); }} />}
        </div>
        <aside class="object-aside">
          <Readings calipers={calipers} />
          <Annotations annotations={annotations} />
        </aside>
      </div>
    </div>
  );
}

function initial(groups: Group[]): Settings {
  const twelve = groups.findIndex((group) => layoutsOf(group).length > 1);
  const group = Math.max(0, twelve);
  const first = groups[group];
  return {
    group, layout: first ? (layoutsOf(first)[0] ?? '12x1') : '12x1', speed: 25, gain: 10, zoom: 1, filters: NO_FILTERS, measuring: !state.phone.value, snap: false,
  };
}

function patientLines(study: StudySummary): string[] {
  return study.anonymous ? [to('object.anonymous')] : [patientLine(study), study.patient_id].filter((line) => line !== '');
}

function filterMarks({ filters }: Settings, frequency: number): string[] {
  const can = possible(frequency);
  return [
    filters.baseline && can.baseline ? to('ecg.markBaseline', { value: BASELINE_HZ }) : '',
    filters.mains && can.mains ? to('ecg.markMains', { value: MAINS_HZ }) : '',
    filters.muscle && can.muscle ? to('ecg.markMuscle', { value: MUSCLE_HZ }) : '',
  ].filter((mark) => mark !== '');
}

function scaleText(zoom: number): string {
  const value = Math.round(zoom * 100);
  return screenScale.value.calibrated ? to('ecg.scaleCalibrated', { value }) : to('ecg.scaleNominal', { value });
}
