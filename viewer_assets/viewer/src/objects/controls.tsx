import type { ComponentChildren } from 'preact';

interface ChoiceProps<T extends string | number> {
  label: string;
  /** For tests and assistive technology: `<name>-<value>`. */
  name: string;
  values: readonly T[];
  value: T;
  text: (value: T) => string;
  onChange: (value: T) => void;
}

/** A few values side by side, one of which is chosen. */
export function Choice<T extends string | number>({ label, name, values, value, text, onChange }: ChoiceProps<T>) {
  return (
    <div class="choice" role="radiogroup" aria-label={label}>
      <span>{label}</span>
      {values.map((one) => (
        <button
          key={one}
          type="button"
          role="radio"
          aria-checked={one === value}
          data-testid={`${name}-${one}`}
          onClick={() => { onChange(one); }}
        >
          {text(one)}
        </button>
      ))}
    </div>
  );
}

interface SwitchProps {
  name: string;
  on: boolean;
  disabled?: boolean;
  title?: string;
  onChange: (on: boolean) => void;
  children: ComponentChildren;
}

/** A button that stays pressed. */
export function Switch({ name, on, disabled = false, title, onChange, children }: SwitchProps) {
  return (
    <button type="button" class="switch" aria-pressed={on} disabled={disabled} data-testid={name} {...(title === undefined ? {} : { title })} onClick={() => { onChange(!on); }}>
      {children}
    </button>
  );
}

interface PushProps {
  name: string;
  label: string;
  disabled?: boolean;
  onPress: () => void;
  children?: ComponentChildren;
}

/** `label` stands in the button when there are no children, else it says what their sign means. */
export function Push({ name, label, disabled = false, onPress, children }: PushProps) {
  return (
    <button type="button" class="push" aria-label={label} title={label} disabled={disabled} data-testid={name} onClick={onPress}>
      {children ?? label}
    </button>
  );
}

interface InstanceChoiceProps {
  label: (number: number, count: number) => string;
  count: number;
  index: number;
  onChange: (index: number) => void;
}

/** Which instance of a series is shown; nothing where there is one alone. */
export function InstanceChoice({ label, count, index, onChange }: InstanceChoiceProps) {
  if (count < 2) return null;
  return (
    <div class="choice">
      <Push name="object-previous" label="‹" disabled={index === 0} onPress={() => { onChange(index - 1); }} />
      <span>{label(index + 1, count)}</span>
      <Push name="object-next" label="›" disabled={index === count - 1} onPress={() => { onChange(index + 1); }} />
    </div>
  );
}
