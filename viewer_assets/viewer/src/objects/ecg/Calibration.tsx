import { Push } from '../controls';
import { to } from '../texts';
import { calibrate, CARD_MM, GREATEST, LEAST, screenScale } from './scale';

/** A bar that is to become as long as a bank card. */
export function Calibration({ onClose }: { onClose: () => void }) {
  const { pixels } = screenScale.value;
  return (
    <div class="calibration" role="dialog" aria-label={to('ecg.calibrate')} data-testid="ecg-calibration">
      <p>{to('ecg.calibrateHint')}</p>
      <div class="card" style={{ width: `${CARD_MM * pixels}px` }}>{CARD_MM} mm</div>
      <input
        type="range"
        aria-label={to('ecg.calibrate')}
        min={LEAST}
        max={GREATEST}
        step={0.01}
        value={pixels}
        data-testid="ecg-calibrate-slider"
        onInput={(event) => { calibrate(event.currentTarget.valueAsNumber); }}
      />
      <div class="row">
        <Push name="ecg-uncalibrate" label={to('ecg.uncalibrate')} onPress={() => { calibrate(null); }} />
        <Push name="ecg-calibrated" label={to('ecg.done')} onPress={onClose} />
      </div>
    </div>
  );
}
