import { clip } from '../../ui/text';
import { Push } from '../controls';
import { to } from '../texts';
import type { Calipers } from './calipers';
import { read, type Caliper } from './measure';
import { annotationName } from './names';
import type { Annotation } from './waveform';

export function millivolts(value: number): string {
  return value.toFixed(2);
}

/** What a caliper says, in one line. */
export function readingText(caliper: Caliper): string {
  const { milliseconds, amplitude, rate } = read(caliper);
  const parts = [
    to('ecg.time', { value: Math.round(milliseconds) }),
    rate === undefined || rate > 999 ? '' : to('ecg.rate', { value: Math.round(rate) }),
    caliper.unit === 'mV' ? to('ecg.amplitude', { value: millivolts(amplitude) }) : `${amplitude.toPrecision(3)} ${caliper.unit}`,
  ];
  return parts.filter((part) => part !== '').join('  ');
}

const MAX_BEATS = 20;

export function Readings({ calipers }: { calipers: Calipers }) {
  const { all, selected } = calipers;
  return (
    <section class="readings" aria-label={to('ecg.readings')}>
      <h3>
        {to('ecg.readings')}
        {all.length > 1 && <Push name="ecg-clear" label={to('ecg.deleteAll')} onPress={calipers.clear} />}
      </h3>
      {all.length === 0 && <p class="hint">{to('ecg.noReadings')}</p>}
      <ul>
        {all.map((caliper) => (
          <li key={caliper.id} class={caliper.id === selected ? 'selected' : ''} data-testid="ecg-reading">
            <button type="button" class="go" onClick={() => { calipers.select(caliper.id); }}>
              <b>{clip(caliper.channel, 24)}</b> {readingText(caliper)}
            </button>
            <label>
              {to('ecg.beats')}
              <input
                type="number"
                min={1}
                max={MAX_BEATS}
                value={caliper.beats}
                data-testid="ecg-beats"
                onInput={(event) => {
                  const beats = Math.trunc(event.currentTarget.valueAsNumber);
                  if (beats >= 1 && beats <= MAX_BEATS) calipers.put({ ...caliper, beats }, false);
                }}
              />
            </label>
            <Push name="ecg-delete" label={to('ecg.delete')} onPress={() => { calipers.remove(caliper.id); }}>×</Push>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What the recording device, or a physician, has written into the file; named so, since it is not checked. */
export function Annotations({ annotations }: { annotations: readonly Annotation[] }) {
  if (annotations.length === 0) return null;
  const measured = annotations.filter(({ name }) => name !== '');
  const stated = annotations.filter(({ name }) => name === '');
  return (
    <section class="annotations" data-testid="ecg-annotations">
      <h3>{to('ecg.annotations')}</h3>
      {stated.length > 0 && (
        <ul class="statements">
          {stated.map(({ value }, row) => <li key={row}>{clip(value, 200)}</li>)}
        </ul>
      )}
      <dl>
        {measured.map(({ name, value, unit }, row) => (
          <div key={row}>
            <dt title={clip(name, 128)}>{annotationName(clip(name, 40))}</dt>
            <dd>{clip(`${value} ${unit}`, 40)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
