import { nextRate } from './engine/cine';
import type { ToolName } from './engine/view';
import { openSeries, withActive, withEngine } from './panes';
import * as state from './state';

export function chooseTool(tool: ToolName): void {
  state.tool.value = tool;
  withEngine((started) => {
    started.chooseTool(tool);
    if (tool !== 'cursor') started.formation.forgetPoint();
  });
}

export function setLinesVisible(visible: boolean): void {
  state.linesVisible.value = visible;
  withEngine(({ formation }) => {
    formation.showLines(visible);
  });
}

export function togglePlay(): void {
  const { count, playing } = state.view.value;
  if (count < 2) return;
  withActive((view) => {
    if (playing) view.pause();
    else view.play(state.active.value.rate.value);
  });
}

export function changeRate(direction: -1 | 1): void {
  const { rate, view } = state.active.value;
  rate.value = nextRate(rate.value, direction);
  withActive((shown) => {
    if (view.value.playing) shown.play(rate.value);
  });
}

/** Opens the series `delta` places further in the list. */
export function stepSeries(delta: number): void {
  const all = state.allSeries.value;
  const at = all.findIndex(({ series }) => series.uid === state.current.value?.series.uid);
  const next = all[at + delta];
  if (next) void openSeries(next);
}
