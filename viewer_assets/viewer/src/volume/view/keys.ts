import * as actions from '../actions';
import type { Pane } from '../planes';
import { leave } from '../session';
import * as store from '../store';

const STEPS: Record<string, number> = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1, PageUp: -10, PageDown: 10 };
const TOOL_KEYS: Record<string, store.MprTool> = { x: 'cursor', s: 'scroll', w: 'window', z: 'zoom', p: 'pan', l: 'length', c: 'probe' };

/** Keys of the reconstructions, before those of the stack see them; keys typed into a field are left alone. */
export function onVolumeKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target instanceof HTMLInputElement && event.key !== 'Escape') {
    event.stopPropagation();
    return;
  }
  if (event.key === '?') return;
  event.stopPropagation();
  if (handle(event.key)) event.preventDefault();
}

function handle(key: string): boolean {
  const step = STEPS[key];
  const tool = TOOL_KEYS[key.toLowerCase()];
  const preset = /^[1-9]$/.test(key) ? store.loaded.value?.presets[Number(key) - 1] : undefined;
  if (key === 'Escape') escape();
  else if (step !== undefined) actions.scroll(scrolledPane(), step);
  else if (tool) store.tool.value = tool;
  else if (key === '0') actions.resetWindow();
  else if (preset) actions.setWindow(preset);
  else if (key === ' ') actions.toggleBatch();
  else if (key === 'r') actions.resetPlanes();
  else if (key === 'Delete' || key === 'Backspace') actions.undoMark();
  else return false;
  return true;
}

/** One step back: the sheet, the batch, the single pane, the reconstruction. */
function escape(): void {
  if (store.sheetOpen.value) store.sheetOpen.value = false;
  else if (store.batch.value) actions.endBatch();
  else leave();
}

function scrolledPane(): Pane | 'batch' {
  const layout = store.layout.value;
  return layout === 'quad' || layout === 'vr' ? 'axial' : layout;
}
