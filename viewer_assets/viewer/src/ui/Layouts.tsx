import { t } from '../i18n';
import { GRIDS } from '../layout';
import { relayout } from '../panes';
import * as state from '../state';

function Choices({ film }: { film: boolean }) {
  const now = state.layout.value;
  const grids = GRIDS[state.phone.value ? 'phone' : 'desktop'].filter(([rows, columns]) => !film || rows * columns > 1);
  return (
    <div class="grid-choices">
      {grids.map(([rows, columns]) => {
        const active = now.rows === rows && now.columns === columns && now.film === film;
        return (
          <button
            key={`${rows}x${columns}`}
            type="button"
            class={active ? 'grid-choice active' : 'grid-choice'}
            style={{ grid: `repeat(${rows}, 1fr) / repeat(${columns}, 1fr)` }}
            title={t('layout.grid', { rows, columns })}
            aria-label={t('layout.grid', { rows, columns })}
            aria-pressed={active}
            data-testid={`layout-${film ? 'film' : 'series'}-${rows}x${columns}`}
            onClick={() => {
              state.panel.value = null;
              void relayout({ rows, columns, film });
            }}
          >
            {Array.from({ length: rows * columns }, (_, place) => (
              <i key={place} />
            ))}
          </button>
        );
      })}
    </div>
  );
}

/** Grids for several series side by side, and for the pictures of one. */
export function Layouts() {
  return (
    <div class="layouts">
      <h3>{t('layout.series')}</h3>
      <p>{t('layout.compareHint')}</p>
      <Choices film={false} />
      <h3>{t('layout.film')}</h3>
      <p>{t('layout.filmHint')}</p>
      <Choices film />
    </div>
  );
}
