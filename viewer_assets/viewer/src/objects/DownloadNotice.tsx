import { t } from '../i18n';
import { problemText } from '../ui/kinds';
import { Push } from './controls';
import { download } from './download';
import './objects.css';
import { to } from './texts';

export function DownloadNotice() {
  const running = download.value;
  if (!running) return null;
  const { bytes, problem, cancel } = running;
  return (
    <div class="download object-notice" role="status" data-testid="download" data-code={problem?.code ?? ''}>
      <span>{problem ? problemText(problem) : to('download.running', { size: (bytes / 2 ** 20).toFixed(1) })}</span>
      <Push
        name="download-cancel"
        label={problem ? t('app.close') : to('download.cancel')}
        onPress={() => {
          cancel();
          download.value = null;
        }}
      />
    </div>
  );
}
