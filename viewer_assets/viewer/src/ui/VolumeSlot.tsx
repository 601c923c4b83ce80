import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { asViewerError } from '../dicomweb/errors';
import { t } from '../i18n';
import { report } from '../panes';
import * as state from '../state';

/** The reconstructions come in their own chunk, when they are asked for. */
export function VolumeSlot() {
  const [view, setView] = useState<{ component: FunctionComponent } | null>(null);
  useEffect(() => {
    import('../volume/view/VolumeView').then(
      ({ VolumeView }) => {
        setView({ component: VolumeView });
      },
      (error: unknown) => {
        state.mode.value = 'stack';
        report(asViewerError(error, 'network'), 'network');
      },
    );
  }, []);
  if (view) return <view.component />;
  return <p class="volume-slot">{t('app.loadingVolume')}</p>;
}
