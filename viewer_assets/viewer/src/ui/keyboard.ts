import { stepSeries } from '../commands';
import { goTo, withActive, withEngine } from '../panes';
import * as state from '../state';
import { comparingActions, deleteActions, infoAction, measureTools, moreMeasureTools, navigationTools, pictureActions, playAction, rateActions, turnActions, volumeAction } from './actions';

const PAGE = 10;
const ZOOM_STEP = 1.2;

const STEPS: Record<string, number> = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1, PageUp: -PAGE, PageDown: PAGE };

/** One listener for the page; keys typed into a field are left alone. */
export function onKey(event: KeyboardEvent): void {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'z' && !(event.target instanceof HTMLInputElement)) {
    withEngine((engine) => { engine.undo(); });
    event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target instanceof HTMLInputElement && event.target.type !== 'range';
  if (typing && event.key !== 'Escape') return;
  if (handle(event.key)) event.preventDefault();
}

function handle(key: string): boolean {
  if (key === 'Escape') {
    if (state.panel.value !== null) state.panel.value = null;
    else withEngine((engine) => { engine.cancel(); });
    return true;
  }
  if (key === 'Enter' && state.progress.value?.tool === 'path') {
    withEngine((engine) => { engine.finishPath(); });
    return true;
  }
  if (key === '?') {
    state.panel.value = state.panel.value === 'help' ? null : 'help';
    return true;
  }
  return moves(key) || windows(key) || runsAction(key);
}

function moves(key: string): boolean {
  const step = STEPS[key];
  if (step !== undefined) {
    withEngine((engine) => { engine.step(step); });
  } else if (key === 'Home') {
    goTo(0);
  } else if (key === 'End') {
    goTo(state.view.value.count - 1);
  } else if (key === '[' || key === ']') {
    stepSeries(key === '[' ? -1 : 1);
  } else if (key === '+' || key === '=') {
    withActive((pane) => { pane.zoomBy(ZOOM_STEP); });
  } else if (key === '-') {
    withActive((pane) => { pane.zoomBy(1 / ZOOM_STEP); });
  } else {
    return false;
  }
  return true;
}

function windows(key: string): boolean {
  if (key === '0') {
    withActive((pane) => { pane.resetWindow(); });
    return true;
  }
  const preset = /^[1-9]$/.test(key) ? [...state.shownPresets.value, ...state.presets.value][Number(key) - 1] : undefined;
  if (!preset) return false;
  withActive((pane) => { pane.setWindow(preset); });
  return true;
}

function runsAction(key: string): boolean {
  const wanted = key === 'Backspace' ? 'delete' : key.toLowerCase();
  const all = [...navigationTools(), ...comparingActions(), ...measureTools(), ...moreMeasureTools(), ...deleteActions(), ...pictureActions(), ...turnActions(), playAction(), ...rateActions(), infoAction(), volumeAction()];
  const action = all.find((item) => item.key === wanted);
  if (!action || action.disabled?.() === true) return false;
  action.run();
  return true;
}
