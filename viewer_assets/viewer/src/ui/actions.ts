import { changeRate, chooseTool, setLinesVisible, setLinked, togglePlay, withActive, withEngine } from '../panes';
import type { ToolName } from '../engine/view';
import type { Key } from '../i18n';
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
}

function toolAction(id: ToolName, key: string): Action {
  return {
    id,
    icon: id,
    label: id === 'probe' && state.current.value?.series.modality !== 'CT' ? 'tool.probeOther' : `tool.${id}`,
    key,
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

export function deleteActions(): Action[] {
  return [
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
      disabled: () => state.measurements.value.length === 0,
    },
  ];
}

export function pictureActions(): Action[] {
  return [
    { id: 'reset', icon: 'reset', label: 'tool.reset', key: 'r', run: () => { withActive((pane) => { pane.reset(); }); } },
    { id: 'invert', icon: 'invert', label: 'tool.invert', key: 'i', run: () => { withActive((pane) => { pane.invert(); }); }, active: () => state.view.value.inverted },
    { id: 'rotate-left', icon: 'rotateLeft', label: 'tool.rotateLeft', key: 'q', run: () => { withActive((pane) => { pane.rotate(-1); }); } },
    { id: 'rotate-right', icon: 'rotateRight', label: 'tool.rotateRight', key: 't', run: () => { withActive((pane) => { pane.rotate(1); }); } },
    { id: 'flip-horizontal', icon: 'flipHorizontal', label: 'tool.flipHorizontal', key: 'h', run: () => { withActive((pane) => { pane.flip('flipHorizontal'); }); } },
    { id: 'flip-vertical', icon: 'flipVertical', label: 'tool.flipVertical', key: 'v', run: () => { withActive((pane) => { pane.flip('flipVertical'); }); } },
  ];
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
