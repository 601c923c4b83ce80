import { useEffect, useRef } from 'preact/hooks';
import { SaveRow } from '../measurements/Saving';
import { goTo, withEngine } from '../panes';
import { t } from '../i18n';
import * as state from '../state';
import { SmallButton } from './SmallButton';

/** Everything that was measured, each with its picture's number; a click leads there. */
export function MeasurementList() {
  const marks = state.measurements.value;
  const list = useRef<HTMLElement>(null);
  useEffect(() => {
    // The list alone: a panel around it stays where it is.
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [marks.length]);
  return (
    <aside ref={list} class="measurements" aria-label={t('tool.measurements')}>
      <SaveRow />
      {marks.map((mark) => (
        <div key={mark.id} class={`measurement${mark.selected ? ' selected' : ''}${mark.foreign ? ' foreign' : ''}`}>
          <button
            type="button"
            class="go"
            onClick={() => {
              goTo(mark.imageIndex);
            }}
          >
            <small>{t('measure.image', { index: mark.imageIndex + 1 })}</small>
            <span data-testid={mark.foreign ? 'foreign-measurement' : 'measurement'} data-tool={mark.tool}>
              {mark.lines.map((line, row) => (
                <span key={row} class="line">
                  {line}
                </span>
              ))}
            </span>
          </button>
          {mark.typed && (
            <SmallButton
              icon="text"
              label={t('measure.edit')}
              name="measurement-edit"
              onPress={() => {
                state.panel.value = null;
                withEngine((engine) => {
                  engine.typeText(mark.id);
                });
              }}
            />
          )}
          {!mark.foreign && (
            <SmallButton
              icon="close"
              label={t('measure.delete')}
              name="measurement-delete"
              onPress={() => {
                withEngine((engine) => {
                  engine.deleteMark(mark.id);
                });
              }}
            />
          )}
        </div>
      ))}
    </aside>
  );
}
