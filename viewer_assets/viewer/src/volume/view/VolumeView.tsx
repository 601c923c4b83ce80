import { useEffect } from 'preact/hooks';
import * as state from '../../state';
import { t } from '../../i18n';
import { clip, patientLine } from '../../ui/text';
import * as actions from '../actions';
import { PANES, type Pane } from '../planes';
import { closeSession, leave, openSession } from '../session';
import * as store from '../store';
import { w } from '../words';
import { BatchBar } from './BatchBar';
import { IconChoice, Choice } from './Choice';
import { Inspector } from './Inspector';
import { onVolumeKey } from './keys';
import { MprPane } from './MprPane';
import { VrPane } from './VrPane';
import { Waiting } from './Waiting';
import './volume.css';

/** The active pane's series in three dimensions, in the window of the stack. */
export function VolumeView() {
  useEffect(() => {
    openSession();
    addEventListener('keydown', onVolumeKey, { capture: true });
    return () => {
      removeEventListener('keydown', onVolumeKey, { capture: true });
      closeSession();
    };
  }, []);
  const phone = state.phone.value;
  const ready = store.phase.value.name === 'ready';
  const { vrProblem } = store;
  return (
    <>
      {!phone && <DesktopBar ready={ready} />}
      <main class="volume" data-testid="volume" data-phase={store.phase.value.name} data-place={store.loaded.value?.drawing.place} data-window-width={store.greyWindow.value.width.toFixed(1)} data-window-center={store.greyWindow.value.center.toFixed(1)}>
        {ready ? <Planes /> : <Waiting />}
        {ready && !phone && <aside class="inspector"><Inspector /></aside>}
        {ready && phone && <PaneSwitch vr={vrProblem.value === null} />}
        {ready && phone && store.sheetOpen.value && <PhoneSheet />}
      </main>
      {phone && <PhoneBar ready={ready} />}
    </>
  );
}

/** The panes of the layout; on a phone one, or two when it lies on its side. */
function Planes() {
  const layout = store.layout.value;
  const shown = panesOf(layout, state.phone.value);
  return (
    <div class={`planes ${layout}`} data-testid="planes" data-layout={layout}>
      {shown.map((pane) => (pane === 'vr' ? <VrPane key="vr" /> : <MprPane key={pane} pane={pane} />))}
      {layout === 'batch' && <BatchBar />}
      <Identity />
      <Notice />
    </div>
  );
}

/** Whose picture it is, and what must not be forgotten about it; as in two dimensions. */
function Identity() {
  const open = state.current.value;
  if (!open) return null;
  const { study, series } = open;
  const named = state.infoVisible.value && !study.anonymous;
  return (
    <div class="identity" data-testid="volume-identity">
      {study.anonymous && <div>{t('app.anonymous')}</div>}
      {named && <div>{clip(patientLine(study), 48)}</div>}
      {named && <div>{clip(study.patient_id, 48)}</div>}
      <div>{clip([series.modality, series.description].join(' '), 48)}</div>
      {state.view.value.lossy && <div class="warning">{t('mark.lossy')}</div>}
      {store.loaded.value?.drawing.place === 'server' && <div class="place-mark" data-testid="place-mark">{w('place.mark')}</div>}
    </div>
  );
}

/** What goes on between here and the server. */
function Notice() {
  const notice = store.notice.value;
  if (notice === null) return null;
  return <p class="volume-notice" role="status" data-testid="volume-notice">{notice}</p>;
}

function panesOf(layout: store.Layout, phone: boolean): (Pane | 'vr' | 'batch')[] {
  if (layout === 'quad') return [...PANES, 'vr'];
  if (layout === 'batch' || layout === 'vr') return [layout];
  // The second one is shown by the style sheet where the screen is wide enough.
  return phone ? [layout, layout === 'axial' ? 'coronal' : 'axial'] : [layout];
}

const ICONS = { cursor: 'cursor', scroll: 'scroll', window: 'window', zoom: 'zoom', pan: 'pan', length: 'length', probe: 'probe' } as const;

function ToolChoice({ name }: { name: store.MprTool }) {
  const other = name === 'probe' && store.loaded.value?.unit !== 'HU';
  return (
    <IconChoice
      id={`volume-tool-${name}`}
      icon={ICONS[name]}
      label={w(other ? 'tool.probeOther' : `tool.${name}`)}
      active={store.tool.value === name}
      onPress={() => {
        store.tool.value = name;
      }}
    />
  );
}

function MarkChoices() {
  const none = store.marks.value.length === 0;
  return (
    <>
      <IconChoice id="volume-undo-mark" icon="deleteOne" label={w('tool.undoMark')} disabled={none} onPress={actions.undoMark} />
      <IconChoice id="volume-clear-marks" icon="deleteAll" label={w('tool.clearMarks')} disabled={none} onPress={actions.clearMarks} />
      <IconChoice id="volume-reset" icon="reset" label={w('tool.reset')} onPress={actions.resetPlanes} />
    </>
  );
}

function LayoutChoices({ layouts }: { layouts: readonly (Pane | 'vr' | 'quad')[] }) {
  return layouts.map((name) => (
    <Choice
      key={name}
      id={`layout-${name}`}
      label={w(`pane.${name}`)}
      active={store.layout.value === name}
      disabled={name === 'vr' && store.vrProblem.value !== null}
      hint={name === 'vr' ? (store.vrProblem.value ?? undefined) : undefined}
      onPress={() => {
        store.layout.value = name;
      }}
    />
  ));
}

function DesktopBar({ ready }: { ready: boolean }) {
  return (
    <div class="toolbar volume-bar" role="toolbar">
      <div class="tool-row"><IconChoice id="volume-back" icon="close" label={w('tool.back')} onPress={leave} /></div>
      {ready && (
        <>
          <div class="tool-row">{store.TOOLS.map((name) => <ToolChoice key={name} name={name} />)}</div>
          <div class="tool-row"><MarkChoices /></div>
          <div class="tool-row choices"><LayoutChoices layouts={['quad', ...PANES, 'vr']} /></div>
        </>
      )}
    </div>
  );
}

function PhoneBar({ ready }: { ready: boolean }) {
  return (
    <div class="toolbar bottom volume-bar" role="toolbar">
      <IconChoice id="volume-back" icon="close" label={w('tool.back')} onPress={leave} />
      {ready && (
        <>
          {store.layout.value === 'vr' ? <VrTools /> : (['cursor', 'scroll', 'window'] as const).map((name) => <ToolChoice key={name} name={name} />)}
          <IconChoice
            id="volume-settings"
            icon="more"
            label={w('tool.sheet')}
            active={store.sheetOpen.value}
            onPress={() => {
              store.sheetOpen.value = !store.sheetOpen.value;
            }}
          />
        </>
      )}
    </div>
  );
}

const VR_ICONS = { rotate: 'rotateRight', shift: 'window', pick: 'cursor' } as const;

function VrTools() {
  return (['rotate', 'shift', 'pick'] as const).map((name) => (
    <IconChoice
      key={name}
      id={`vr-bar-${name}`}
      icon={VR_ICONS[name]}
      label={w(`vr.${name}`)}
      active={store.vr.value.tool === name}
      onPress={() => {
        store.vr.value = { ...store.vr.value, tool: name };
      }}
    />
  ));
}

/** Within the thumb's reach. */
function PaneSwitch({ vr }: { vr: boolean }) {
  return (
    <div class="pane-switch" role="group">
      <LayoutChoices layouts={vr ? [...PANES, 'vr'] : [...PANES]} />
    </div>
  );
}

function PhoneSheet() {
  const close = () => {
    store.sheetOpen.value = false;
  };
  return (
    <div class="sheet-back" onClick={close}>
      <section class="sheet volume-sheet" role="dialog" aria-label={w('tool.settings')} data-testid="volume-sheet" onClick={(event) => { event.stopPropagation(); }}>
        <header>
          <h2>{w('tool.settings')}</h2>
          <Choice id="volume-sheet-close" label={w('tool.close')} onPress={close} />
        </header>
        <div class="tool-row">
          {(['zoom', 'pan', 'length', 'probe'] as const).map((name) => <ToolChoice key={name} name={name} />)}
          <MarkChoices />
        </div>
        <Inspector />
      </section>
    </div>
  );
}

