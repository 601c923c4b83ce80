import { useEffect, useRef } from 'preact/hooks';
import { goTo, withEngine } from '../panes';
import { t } from '../i18n';
import * as state from '../state';
import { Icon } from './icons';

/** Everything that was measured, each with its picture's number; a click leads there. */
export function MeasurementList() {
  const marks = state.measurements.value;
  const list = useRef<HTMLElement>(null);
  useEffect(() => {
    list.current?.lastElementChild?.scrollIntoView({ block: 'nearest' });
  }, [marks.length]);
  if (marks.length === 0) return null;
  return (
    <aside ref={list} class="measurements" aria-label={t('tool.measurements')}>
      {marks.map((mark) => (
        <div key={mark.id} class={mark.selected ? 'measurement selected' : 'measurement'}>
          <button
            type="button"
            class="go"
            onClick={() => {
              goTo(mark.imageIndex);
            }}
          >
            <small>{t('measure.image', { index: mark.imageIndex + 1 })}</small>
            <span data-testid="measurement" data-tool={mark.tool}>
              {mark.lines.map((line, row) => (
                <span key={row} class="line">
                  {line}
                </span>
              ))}
            </span>
          </button>
          {mark.typed && (
            <button
              type="button"
              class="remove"
              title={t('measure.edit')}
              aria-label={t('measure.edit')}
              data-testid="measurement-edit"
              onClick={() => {
                state.panel.value = null;
                withEngine((engine) => {
                  engine.typeText(mark.id);
                });
              }}
            >
              <Icon name="text" />
            </button>
          )}
          <button
            type="button"
            class="remove"
            title={t('measure.delete')}
            aria-label={t('measure.delete')}
            onClick={() => {
              withEngine((engine) => {
                engine.deleteMark(mark.id);
              });
            }}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
    </aside>
  );
}
