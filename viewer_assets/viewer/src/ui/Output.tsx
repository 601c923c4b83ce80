import { useState } from 'preact/hooks';
import { encode, fileName, printPictures, save, takePicture, type ExportOptions, type Format } from '../export';
import { t, type Key } from '../i18n';
import { copyPicture } from '../panes';
import * as state from '../state';

/** Takes pictures out: to a file, the clipboard, a printer, or a second pane. */
export function Output() {
  const [options, setOptions] = useState<ExportOptions>({ demographics: state.infoVisible.value, marks: true, original: false });
  const [message, setMessage] = useState<Key | null>(null);
  const chosen = { ...options, demographics: options.demographics && state.infoVisible.value };
  const { shown } = state.view.value;
  const allowed = state.rights.value.includes('download') && shown;
  const run = (work: () => Promise<Key | null>) => () => {
    setMessage(null);
    work().then(setMessage, () => {
      setMessage('output.failed');
    });
  };
  const toFile = (format: Format) =>
    run(async () => {
      const pane = state.active.value;
      const canvas = await takePicture(pane, chosen);
      if (!canvas) return 'output.failed';
      save(await encode(canvas, format), fileName(pane, format));
      return 'output.saved';
    });
  const toClipboard = run(async () => {
    if (!('clipboard' in navigator) || typeof ClipboardItem === 'undefined') return 'output.noClipboard';
    const canvas = await takePicture(state.active.value, chosen);
    if (!canvas) return 'output.failed';
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': encode(canvas, 'png') })]);
    return 'output.copied';
  });
  const toPrinter = (all: boolean) =>
    run(async () => {
      const panes = all ? state.panes.value.filter((pane) => pane.view.value.shown && !pane.view.value.blank) : [state.active.value];
      await printPictures(panes, all ? state.layout.value.columns : 1, chosen);
      return null;
    });
  const toPane = run(async () => {
    if (!(await copyPicture())) return 'output.noRoom';
    state.panel.value = null;
    return null;
  });
  const box = (name: keyof ExportOptions, text: Key, disabled = false) => (
    <label class="check">
      <input
        type="checkbox"
        checked={chosen[name]}
        disabled={disabled}
        data-testid={`output-${name}`}
        onChange={(event) => {
          setOptions({ ...options, [name]: event.currentTarget.checked });
        }}
      />
      {t(text)}
    </label>
  );
  const button = (id: string, text: Key, act: () => void, enabled: boolean) => (
    <button type="button" class="plain" data-testid={id} disabled={!enabled} onClick={act}>
      {t(text)}
    </button>
  );
  return (
    <div class="output">
      <h3>{t('output.picture')}</h3>
      {box('demographics', 'output.demographics', !state.infoVisible.value)}
      {box('marks', 'output.marks')}
      {box('original', 'output.original')}
      {chosen.original && <p class="hint">{t('output.originalHint')}</p>}
      <div class="choices">
        {button('save-jpg', 'output.jpg', toFile('jpeg'), allowed)}
        {button('save-png', 'output.png', toFile('png'), allowed)}
        {button('copy-clipboard', 'output.clipboard', toClipboard, allowed)}
        {button('print-one', 'output.print', toPrinter(false), allowed)}
        {state.panes.value.length > 1 && button('print-all', 'output.printAll', toPrinter(true), allowed)}
      </div>
      {!state.rights.value.includes('download') && <p class="note" data-testid="output-refused">{t('output.refused')}</p>}
      <h3>{t('output.second')}</h3>
      <p class="hint">{t('output.secondHint')}</p>
      <div class="choices">{button('copy-pane', 'output.pane', toPane, shown)}</div>
      {message && <p role="status" data-testid="output-message">{t(message)}</p>}
    </div>
  );
}
