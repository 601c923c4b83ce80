import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Icon, type IconName } from '../../ui/icons';

/** A button that is one of several, or does something. */
export function Choice({ id, label, active, disabled, hint, onPress }: { id: string; label: string; active?: boolean; disabled?: boolean; hint?: string; onPress: () => void }) {
  return (
    <button type="button" class={active === true ? 'choice active' : 'choice'} aria-pressed={active} disabled={disabled} title={hint} data-testid={id} onClick={onPress}>
      {label}
    </button>
  );
}

export function IconChoice({ id, icon, label, active, disabled, onPress }: { id: string; icon: IconName; label: string; active?: boolean; disabled?: boolean; onPress: () => void }) {
  return (
    <button type="button" class={active === true ? 'tool active' : 'tool'} title={label} aria-pressed={active} disabled={disabled} data-testid={id} onClick={onPress}>
      <Icon name={icon} />
      <span>{label}</span>
    </button>
  );
}

export function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="settings">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

interface NumberProps {
  id: string;
  label: string;
  value: number;
  min: number;
  max: number;
  step?: number;
  /** Called with every number within the limits. */
  onValue: (value: number) => void;
}

/** A typed number; what is out of limits is marked and not taken. */
export function NumberField({ id, label, value, min, max, step, onValue }: NumberProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const shown = typed ?? String(Number(value.toFixed(2)));
  const number = Number(shown);
  const valid = shown.trim() !== '' && Number.isFinite(number) && number >= min && number <= max;
  return (
    <label class="number">
      <span>{label}</span>
      <input
        type="number"
        inputMode="decimal"
        min={min}
        max={max}
        step={step ?? 'any'}
        value={shown}
        aria-invalid={!valid}
        title={`${min} … ${max}`}
        data-testid={id}
        onInput={(event) => {
          const text = event.currentTarget.value;
          setTyped(text);
          const wanted = Number(text);
          if (text.trim() !== '' && Number.isFinite(wanted) && wanted >= min && wanted <= max) onValue(wanted);
        }}
        onBlur={() => {
          setTyped(null);
        }}
      />
    </label>
  );
}
