import { useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { withActive } from '../panes';
import type { BuiltIn, Preset, Window } from '../engine/presets';
import { t, type Key } from '../i18n';
import * as state from '../state';
import { comparingActions, deleteActions, infoAction, measureTools, navigationTools, objectOpen, panelAction, pictureActions, playAction } from './actions';
import { downloadActions } from './Download';
import { Icon } from './icons';
import { Layouts } from './Layouts';
import { MeasurementList } from './Measurements';
import { clip } from './text';
import { SeriesList } from './SeriesList';
import { ToolRow } from './Toolbar';

function close() {
  state.panel.value = null;
}

function Sheet({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="sheet-back" onClick={close}>
      <section
        class="sheet"
        role="dialog"
        aria-label={title}
        data-testid="sheet"
        onClick={(event) => {
          event.stopPropagation();
        }}
      >
        <header>
          <h2>{title}</h2>
          <button type="button" class="plain round" aria-label={t('app.close')} onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </section>
    </div>
  );
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

function presetText({ key, name }: Preset): string {
  return name === '' ? t(`preset.${key as BuiltIn}`) : clip(name, 40);
}

function Presets() {
  return (
    <>
      <div class="preset-grid">
        <button
          type="button"
          class="plain"
          data-testid="preset-default"
          onClick={() => {
            applyWindow(null);
            close();
          }}
        >
          {t('preset.default')}
          <kbd>0</kbd>
        </button>
        {state.presets.value.map((preset, index) => (
          <button
            key={preset.key}
            type="button"
            class="plain"
            data-testid={`preset-${preset.key}`}
            onClick={() => {
              applyWindow(preset);
              close();
            }}
          >
            {presetText(preset)}
            <small>
              {preset.width} / {preset.center}
            </small>
            {index < 9 && <kbd>{index + 1}</kbd>}
          </button>
        ))}
      </div>
      <WindowForm />
    </>
  );
}

const SHORTCUTS: [keys: Key, text: Key][] = [
  ['keys.step', 'keys.stepText'],
  ['keys.page', 'keys.pageText'],
  ['keys.ends', 'keys.endsText'],
  ['keys.play', 'keys.playText'],
  ['keys.speed', 'keys.speedText'],
  ['keys.presets', 'keys.presetsText'],
  ['keys.tools', 'keys.toolsText'],
  ['keys.double', 'keys.doubleText'],
  ['keys.measure', 'keys.measureText'],
  ['keys.right', 'tool.window'],
  ['keys.middle', 'tool.pan'],
  ['keys.zoom', 'tool.zoom'],
  ['keys.delete', 'tool.deleteOne'],
  ['keys.series', 'keys.seriesText'],
  ['keys.help', 'app.shortcuts'],
];
const LETTERS: [letter: string, text: Key][] = [
  ['R', 'tool.reset'],
  ['I', 'tool.invert'],
  ['H', 'tool.flipHorizontal'],
  ['V', 'tool.flipVertical'],
  ['Q', 'tool.rotateLeft'],
  ['T', 'tool.rotateRight'],
  ['D', 'tool.info'],
  ['X', 'tool.cursor'],
  ['K', 'tool.link'],
  ['G', 'tool.lines'],
];

function Shortcuts() {
  const rows = [...SHORTCUTS.map(([keys, text]) => [t(keys), t(text)]), ...LETTERS.map(([letter, text]) => [letter, t(text)])];
  return (
    <dl class="shortcuts">
      {rows.map(([keys, text]) => (
        <div key={keys}>
          <dt>
            <kbd>{keys}</kbd>
          </dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The one open panel: a sheet from below on a phone, a box under the toolbar on a desktop. */
export function Panels() {
  switch (state.panel.value) {
    case 'series':
      return (
        <Sheet title={t('app.series')}>
          <SeriesList />
        </Sheet>
      );
    case 'layout':
      return (
        <Sheet title={t('tool.layout')}>
          <Layouts />
        </Sheet>
      );
    case 'presets':
      return (
        <Sheet title={t('tool.presets')}>
          <Presets />
        </Sheet>
      );
    case 'measure':
      return (
        <Sheet title={t('tool.measure')}>
          <div onClick={close}>
            <ToolRow actions={measureTools()} />
          </div>
          <ToolRow actions={deleteActions()} />
          <MeasurementList />
        </Sheet>
      );
    case 'more':
      return (
        <Sheet title={t('app.more')}>
          <div onClick={close}>
            <ToolRow actions={[...(objectOpen() ? [] : [...navigationTools().slice(2), ...pictureActions(), playAction()]), infoAction(), ...comparingActions(), ...downloadActions()]} />
          </div>
          <ToolRow actions={[panelAction('layout', 'layout', 'tool.layout')]} />
        </Sheet>
      );
    case 'help':
      return (
        <Sheet title={t('app.shortcuts')}>
          <Shortcuts />
        </Sheet>
      );
    case null:
      return null;
  }
}
