import { retry } from '../app';
import { t } from '../i18n';
import * as state from '../state';
import { DownloadState } from './Download';
import { problemText } from './kinds';
import { Guide, TextField } from './Guide';
import { Panels } from './Panels';
import { Panes } from './Panes';
import { SeriesList } from './SeriesList';
import { DesktopToolbar, PhoneToolbar } from './Toolbar';
import { VolumeSlot } from './VolumeSlot';

function Banner() {
  if (state.connection.value !== 'ok') {
    return (
      <div class="banner" role="status" data-testid="banner">
        {t(`banner.${state.connection.value}`)}
        {state.connection.value === 'lost' && (
          <button type="button" class="plain" onClick={retry}>
            {t('app.retry')}
          </button>
        )}
      </div>
    );
  }
  if (!state.contextLost.value) return null;
  return (
    <div class="banner" role="status">
      {t('banner.contextLost')}
      <button
        type="button"
        class="plain"
        onClick={() => {
          state.contextLost.value = false;
        }}
      >
        {t('app.close')}
      </button>
    </div>
  );
}

/** Trying again changes nothing. */
const FINAL: ReadonlySet<string> = new Set(['noLaunch', 'withheld', 'empty_series']);

function Fatal() {
  const problem = state.fatal.value;
  if (!problem) return null;
  const again = !problem.code.startsWith('ticket') && !FINAL.has(problem.code);
  return (
    <div class="fatal" role="alert" data-testid="fatal" data-code={problem.code}>
      <p>{problemText(problem)}</p>
      {again && (
        <button type="button" class="plain" onClick={retry}>
          {t('app.retry')}
        </button>
      )}
    </div>
  );
}

export function App() {
  const phone = state.phone.value;
  return (
    <div class={phone ? 'app phone' : 'app desktop'}>
      {!phone && <DesktopToolbar />}
      {!phone && <SeriesList />}
      <Panes />
      {state.mode.value === 'volume' && <VolumeSlot />}
      {phone && <PhoneToolbar />}
      <Guide />
      <TextField />
      <Banner />
      <Panels />
      <DownloadState />
      <Fatal />
    </div>
  );
}
