import { t } from '../i18n';
import * as state from '../state';
import {
  comparingActions,
  deleteActions,
  infoAction,
  measureTools,
  moreMeasureTools,
  navigationTools,
  objectOpen,
  panelAction,
  outputActions,
  pictureActions,
  playAction,
  volumeAction,
  type Action,
} from './actions';
import { downloadActions } from './Download';
import { Icon } from './icons';

export function ToolButton({ action }: { action: Action }) {
  const label = t(action.label);
  const key = action.key === ' ' ? t('keys.play') : action.key?.toUpperCase();
  const active = action.active?.() ?? false;
  return (
    <button
      type="button"
      class={active ? 'tool active' : 'tool'}
      title={action.hint?.() ?? (key ? `${label} (${key})` : label)}
      aria-pressed={active}
      disabled={action.disabled?.() ?? false}
      data-testid={`tool-${action.id}`}
      onClick={action.run}
    >
      <Icon name={action.icon} />
      <span>{label}</span>
    </button>
  );
}

export function ToolRow({ actions }: { actions: Action[] }) {
  return (
    <div class="tool-row" role="group">
      {actions.map((action) => (
        <ToolButton key={action.id} action={action} />
      ))}
    </div>
  );
}

/** Opens the panel of all measuring tools, and shows the chosen one of them. */
function moreMeasuring(): Action {
  const chosen = moreMeasureTools().find((action) => action.active?.());
  const panel = panelAction('measure', chosen?.icon ?? 'measure', chosen?.label ?? 'tool.moreMeasure');
  return { ...panel, active: () => chosen !== undefined || state.panel.value === 'measure' };
}

/** Everything in one row at the top. */
export function DesktopToolbar() {
  const object = objectOpen();
  const presets = state.presets.value.length > 0 || state.view.value.shown ? [panelAction('presets', 'presets', 'tool.presets')] : [];
  return (
    <div class="toolbar" role="toolbar">
      {!object && <ToolRow actions={navigationTools()} />}
      <ToolRow actions={[...(object ? [] : presets), panelAction('layout', 'layout', 'tool.layout'), ...(object ? [] : [volumeAction()])]} />
      {state.panes.value.length > 1 && <ToolRow actions={comparingActions()} />}
      {!object && (
        <>
          <ToolRow actions={[...measureTools(), moreMeasuring()]} />
          <ToolRow actions={deleteActions()} />
          <ToolRow actions={[...pictureActions(), playAction(), panelAction('look', 'look', 'tool.look')]} />
        </>
      )}
      <ToolRow actions={[...(object ? [] : outputActions()), ...downloadActions(), infoAction(), panelAction('help', 'help', 'app.shortcuts')]} />
    </div>
  );
}

/** Within the thumb's reach: the chosen tool, panels for the rest. */
export function PhoneToolbar() {
  const measuring = [...measureTools(), ...moreMeasureTools()].find((action) => action.active?.());
  const [scroll, window] = navigationTools();
  const measure = panelAction('measure', measuring?.icon ?? 'measure', measuring?.label ?? 'tool.measure');
  return (
    <div class="toolbar bottom" role="toolbar">
      <ToolButton action={panelAction('series', 'series', 'app.series')} />
      {!objectOpen() && (
        <>
          {scroll && <ToolButton action={scroll} />}
          {window && <ToolButton action={window} />}
          <ToolButton action={panelAction('presets', 'presets', 'tool.presets')} />
          <ToolButton action={{ ...measure, active: () => measuring !== undefined || state.panel.value === 'measure' }} />
          <ToolButton action={volumeAction()} />
        </>
      )}
      <ToolButton action={panelAction('more', 'more', 'app.more')} />
    </div>
  );
}
