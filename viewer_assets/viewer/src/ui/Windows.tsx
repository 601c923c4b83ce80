import { useState } from 'preact/hooks';
import type { Window } from '../engine/presets';
import { t } from '../i18n';
import { withActive } from '../panes';
import { browserStorage, LONGEST_TITLE, withPreset, writePresets, type OwnPreset } from '../presets';
import * as state from '../state';
import { SmallButton } from './SmallButton';
import { presetText } from './text';

function close() {
  state.panel.value = null;
}

function applyWindow(window: Window | null) {
  withActive((pane) => {
    if (window) pane.setWindow(window);
    else pane.resetWindow();
  });
}

function WindowForm() {
  const { width, center } = state.view.value;
  const [typed, setTyped] = useState({ width: String(Math.round(width)), center: String(Math.round(center)) });
  const wanted = { width: Number(typed.width), center: Number(typed.center) };
  const valid = typed.width !== '' && typed.center !== '' && wanted.width >= 1 && Number.isFinite(wanted.center);
  const field = (name: keyof Window) => (
    <label>
      {t(`preset.${name}`)}
      <input
        type="number"
        inputMode="decimal"
        value={typed[name]}
        data-testid={`window-${name}`}
        onInput={(event) => {
          setTyped({ ...typed, [name]: event.currentTarget.value });
        }}
      />
    </label>
  );
  return (
    <form
      class="window-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (valid) {
          applyWindow(wanted);
          close();
        }
      }}
    >
      {field('width')}
      {field('center')}
      <button type="submit" class="plain" disabled={!valid}>
        {t('preset.apply')}
      </button>
    </form>
  );
}

function keep(presets: OwnPreset[]): boolean {
  state.ownPresets.value = presets;
  return writePresets(browserStorage(), presets);
}

/** The window on the screen under a name of the reader's. */
function KeepForm() {
  const [title, setTitle] = useState('');
  const [kept, setKept] = useState(true);
  const modality = state.current.value?.series.modality ?? '';
  return (
    <form
      class="window-form"
      onSubmit={(event) => {
        event.preventDefault();
        const { width, center } = state.view.value;
        if (title.trim() === '' || width < 1) return;
        const round = (value: number) => Math.round(value * 10) / 10;
        setKept(keep(withPreset(state.ownPresets.value, { title: title.trim(), modality, width: round(width), center: round(center) })));
        setTitle('');
      }}
    >
      <label>
        {t('preset.keepHint')}
        <input
          value={title}
          maxLength={LONGEST_TITLE}
          placeholder={t('preset.name')}
          data-testid="preset-title"
          onInput={(event) => {
            setTitle(event.currentTarget.value);
          }}
        />
      </label>
      <button type="submit" class="plain" data-testid="preset-keep" disabled={title.trim() === ''}>
        {t('preset.keep')}
      </button>
      {!kept && <small class="note">{t('preset.notKept')}</small>}
    </form>
  );
}

/** Windows to choose from: the reader's own first, then those of the modality. */
export function Windows() {
  const own = state.shownPresets.value;
  const choose = (window: Window | null) => () => {
    applyWindow(window);
    close();
  };
  return (
    <>
      <div class="preset-grid">
        <button type="button" class="plain" data-testid="preset-default" onClick={choose(null)}>
          {t('preset.default')}
          <kbd>0</kbd>
        </button>
        {own.map((preset, index) => (
          <div key={preset.title} class="own-preset">
            <button type="button" class="plain" data-testid="preset-own" onClick={choose(preset)}>
              {preset.title}
              <small>
                {preset.width} / {preset.center}
              </small>
              {index < 9 && <kbd>{index + 1}</kbd>}
            </button>
            <SmallButton
              icon="close"
              label={t('preset.remove')}
              name="preset-remove"
              onPress={() => {
                keep(state.ownPresets.value.filter((other) => other !== preset));
              }}
            />
          </div>
        ))}
        {state.presets.value.map((preset, index) => (
          <button key={preset.key} type="button" class="plain" data-testid={`preset-${preset.key}`} onClick={choose(preset)}>
            {presetText(preset)}
            <small>
              {preset.width} / {preset.center}
            </small>
            {own.length + index < 9 && <kbd>{own.length + index + 1}</kbd>}
          </button>
        ))}
      </div>
      <WindowForm />
      <KeepForm />
    </>
  );
}
