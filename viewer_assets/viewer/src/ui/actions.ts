import { changeRate, chooseTool, setLinesVisible, togglePlay } from '../commands';
import { setLinked, withActive, withEngine } from '../panes';
import type { ToolName } from '../engine/view';
import { t, type Key } from '../i18n';
import { objectKind } from '../objects/kind';
import * as state from '../state';
import type { IconName } from './icons';

/** An object with a component of its own, which brings its own tools and says whose it is. */
export function holdsObject(pane: state.Pane): boolean {
  return pane.open.value !== null && objectKind(pane.open.value.series) !== null;
}

export function objectOpen(): boolean {
  return holdsObject(state.active.value);
}

/** A button of the toolbar: what it is called, its key, and what it does. */
export interface Action {
  id: string;
  icon: IconName;
  label: Key;
  /** As `KeyboardEvent.key`, lower case. */
  key?: string;
  run: () => void;
  active?: () => boolean;
  disabled?: () => boolean;
  /** Said in the tooltip in place of the label. */
  hint?: () => string | undefined;
}

function toolAction(id: ToolName, key?: string): Action {
  return {
    id,
    icon: id,
    label: id === 'probe' && state.current.value?.series.modality !== 'CT' ? 'tool.probeOther' : `tool.${id}`,
    ...(key === undefined ? {} : { key }),
    run: () => {
      chooseTool(id);
    },
    active: () => state.tool.value === id,
  };
}

export function navigationTools(): Action[] {
  return [toolAction('scroll', 's'), toolAction('window', 'w'), toolAction('zoom', 'z'), toolAction('pan', 'p')];
}

/** What panes do together; of use when there are several. */
export function comparingActions(): Action[] {
  const several = state.panes.value.length > 1;
  return [
    { ...toolAction('cursor', 'x'), disabled: () => !several },
    {
      id: 'link',
      icon: 'link',
      label: 'tool.link',
      key: 'k',
      run: () => {
        setLinked(!state.linked.value);
      },
      active: () => state.linked.value,
      disabled: () => !several,
    },
    {
      id: 'lines',
      icon: 'lines',
      label: 'tool.lines',
      key: 'g',
      run: () => {
        setLinesVisible(!state.linesVisible.value);
      },
      active: () => state.linesVisible.value,
      disabled: () => !several,
    },
  ];
}

export function measureTools(): Action[] {
  return [toolAction('length', 'l'), toolAction('angle', 'a'), toolAction('probe', 'c'), toolAction('ellipse', 'e')];
}

/** Beside the four at hand. */
export function moreMeasureTools(): Action[] {
  return [
    toolAction('width', 'b'),
    toolAction('rectangle', 'u'),
    toolAction('freehand', 'f'),
    toolAction('path', 'n'),
    toolAction('cobb', 'o'),
    toolAction('ratio', 'j'),
    toolAction('text'),
    toolAction('arrow', 'y'),
  ];
}

export function deleteActions(): Action[] {
  return [
    {
      id: 'undo',
      icon: 'undo',
      label: 'tool.undo',
      run: () => {
        withEngine((engine) => {
          engine.undo();
        });
      },
      disabled: () => !state.undoable.value && state.progress.value === null,
    },
    {
      id: 'delete-one',
      icon: 'deleteOne',
      label: 'tool.deleteOne',
      key: 'delete',
      run: () => {
        withEngine((engine) => {
          engine.deleteSelectedMarks();
        });
      },
      disabled: () => !state.measurements.value.some((mark) => mark.selected),
    },
    {
      id: 'delete-all',
      icon: 'deleteAll',
      label: 'tool.deleteAll',
      run: () => {
        withEngine((engine) => {
          engine.deleteAllMarks();
        });
      },
      disabled: () => state.measurements.value.every(({ foreign }) => foreign),
    },
  ];
}

export function pictureActions(): Action[] {
  return [
    { id: 'reset', icon: 'reset', label: 'tool.reset', key: 'r', run: () => { withActive((pane) => { pane.reset(); }); } },
    { id: 'invert', icon: 'invert', label: 'tool.invert', key: 'i', run: () => { withActive((pane) => { pane.invert(); }); }, active: () => state.view.value.inverted },
  ];
}

export function turnActions(): Action[] {
  return [
    { id: 'rotate-left', icon: 'rotateLeft', label: 'tool.rotateLeft', key: 'q', run: () => { withActive((pane) => { pane.rotate(-1); }); } },
    { id: 'rotate-right', icon: 'rotateRight', label: 'tool.rotateRight', key: 't', run: () => { withActive((pane) => { pane.rotate(1); }); } },
    { id: 'flip-horizontal', icon: 'flipHorizontal', label: 'tool.flipHorizontal', key: 'h', run: () => { withActive((pane) => { pane.flip('flipHorizontal'); }); } },
    { id: 'flip-vertical', icon: 'flipVertical', label: 'tool.flipVertical', key: 'v', run: () => { withActive((pane) => { pane.flip('flipVertical'); }); } },
  ];
}

/** Tools that change how a picture looks. */
export function lookTools(): Action[] {
  return [
    toolAction('magnify'),
    { ...toolAction('region'), disabled: () => state.view.value.colour },
    toolAction('rotate'),
  ];
}

/** What the file says, and what may leave the page. */
export function outputActions(): Action[] {
  const anonymous = state.current.value?.study.anonymous ?? true;
  const tags = { ...panelAction('tags', 'tags', 'tool.tags'), disabled: () => !state.infoVisible.value };
  return [...(anonymous ? [] : [tags]), panelAction('output', 'output', 'tool.output')];
}

export function playAction(): Action {
  const { playing, count } = state.view.value;
  return {
    id: 'play',
    icon: playing ? 'pause' : 'play',
    label: playing ? 'tool.pause' : 'tool.play',
    key: ' ',
    run: togglePlay,
    active: () => playing,
    disabled: () => count < 2,
  };
}

export function rateActions(): Action[] {
  return [
    { id: 'slower', icon: 'slower', label: 'tool.slower', key: ',', run: () => { changeRate(-1); } },
    { id: 'faster', icon: 'faster', label: 'tool.faster', key: '.', run: () => { changeRate(1); } },
  ];
}

export function volumeAction(): Action {
  const refusal = state.active.value.refusal.value;
  return {
    id: 'volume',
    icon: 'volume',
    label: 'tool.volume',
    key: 'm',
    run: () => {
      state.panel.value = null;
      state.mode.value = 'volume';
    },
    disabled: () => refusal !== null,
    hint: () => (refusal === undefined ? t('app.checkingVolume') : (refusal ?? undefined)),
  };
}

export function infoAction(): Action {
  return {
    id: 'info',
    icon: 'info',
    label: 'tool.info',
    key: 'd',
    run: () => {
      state.infoVisible.value = !state.infoVisible.value;
    },
    active: () => state.infoVisible.value,
  };
}

export function panelAction(id: state.Panel, icon: IconName, label: Key): Action {
  return {
    id,
    icon,
    label,
    run: () => {
      state.panel.value = state.panel.value === id ? null : id;
    },
    active: () => state.panel.value === id,
  };
}
