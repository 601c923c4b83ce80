import { t, type Key } from '../i18n';
import { mayAnnotate } from '../measurements/session';
import { OthersList, saveKeys } from '../measurements/Saving';
import * as state from '../state';
import { comparingActions, deleteActions, infoAction, measureTools, moreMeasureTools, navigationTools, objectOpen, outputActions, panelAction, pictureActions, playAction } from './actions';
import { downloadActions } from './Download';
import { Layouts } from './Layouts';
import { Look } from './Look';
import { MeasurementList } from './Measurements';
import { Output } from './Output';
import { SeriesList } from './SeriesList';
import Tags from './Tags';
import { ToolRow } from './Toolbar';
import { Windows } from './Windows';

function close() {
  state.panel.value = null;
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
  ['keys.marks', 'keys.marksText'],
  ['keys.undo', 'tool.undo'],
  ['keys.cancel', 'keys.cancelText'],
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
  ['M', 'tool.volume'],
  ['X', 'tool.cursor'],
  ['K', 'tool.link'],
  ['G', 'tool.lines'],
];

function Shortcuts() {
  const rows = [...SHORTCUTS.map(([keys, text]) => [t(keys), t(text)]), ...(mayAnnotate.value ? [saveKeys()] : []), ...LETTERS.map(([letter, text]) => [letter, t(text)])];
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

/** What is in a panel. */
export default function PanelBody({ panel }: { panel: state.Panel }) {
  switch (panel) {
    case 'series':
      return <SeriesList />;
    case 'layout':
      return <Layouts />;
    case 'presets':
      return <Windows />;
    case 'look':
      return <Look />;
    case 'output':
      return <Output />;
    case 'tags':
      return <Tags />;
    case 'measure':
      return (
        <>
          <div onClick={close}>
            <ToolRow actions={[...measureTools(), ...moreMeasureTools()]} />
          </div>
          <ToolRow actions={deleteActions()} />
          <OthersList />
          <MeasurementList />
        </>
      );
    case 'more':
      return (
        <>
          <div onClick={close}>
            <ToolRow actions={[...(objectOpen() ? [] : [...navigationTools().slice(2), ...pictureActions(), playAction()]), infoAction(), ...comparingActions(), ...downloadActions()]} />
          </div>
          <ToolRow actions={[...(objectOpen() ? [] : [panelAction('look', 'look', 'tool.look'), ...outputActions()]), panelAction('layout', 'layout', 'tool.layout')]} />
          {state.active.value.refusal.value && <p class="note">{state.active.value.refusal.value}</p>}
        </>
      );
    case 'help':
      return <Shortcuts />;
  }
}
