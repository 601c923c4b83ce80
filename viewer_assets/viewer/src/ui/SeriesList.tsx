import type { SeriesSummary, StudySummary } from '../dicomweb/types';
import { t } from '../i18n';
import { openSeries } from '../panes';
import * as state from '../state';
import { clip, patientLine } from './text';

/** What a dragged series carries, for a pane to take. */
export const SERIES_DRAG = 'application/x-yunying-series';

function SeriesItem({ study, series }: { study: StudySummary; series: SeriesSummary }) {
  const active = state.current.value?.series.uid === series.uid;
  const shown = state.panes.value.some((pane) => pane.open.value?.series.uid === series.uid);
  const thumbnail = state.thumbnails.value.get(series.uid);
  return (
    <li>
      <button
        type="button"
        class={`series${active ? ' active' : ''}${shown ? ' shown' : ''}`}
        aria-current={active}
        data-testid="series-item"
        data-series={series.uid}
        onClick={() => {
          state.panel.value = null;
          void openSeries({ study, series });
        }}
        draggable
        onDragStart={(event) => {
          event.dataTransfer?.setData(SERIES_DRAG, series.uid);
        }}
      >
        <span class="thumbnail">{thumbnail ? <img src={thumbnail} alt="" /> : <b>{clip(series.modality, 8)}</b>}</span>
        <span class="series-text">
          <strong>{clip(series.description, 60) || t('info.series', { number: series.number ?? '' })}</strong>
          <small>
            {clip(series.modality, 8)} · {t('app.images', { count: series.frame_count })}
          </small>
        </span>
      </button>
    </li>
  );
}

function Patient({ study }: { study: StudySummary }) {
  if (study.anonymous) return <span class="badge">{t('app.anonymous')}</span>;
  if (!state.infoVisible.value) return <span class="badge">{t('app.infoHidden')}</span>;
  return <>{clip(patientLine(study), 60)}</>;
}

export function SeriesList() {
  return (
    <nav class="series-list" aria-label={t('app.series')}>
      {state.studies.value.map(({ study, series }) => (
        <section key={study.uid}>
          <h2>
            <Patient study={study} />
            <small>
              {study.date ?? ''} {clip(study.description, 60)}
            </small>
          </h2>
          {study.withheld > 0 && (
            <p class="note" data-testid="withheld">
              {t('app.withheld', { count: study.withheld })}
            </p>
          )}
          <ul>
            {series.map((item) => (
              <SeriesItem key={item.uid} study={study} series={item} />
            ))}
          </ul>
        </section>
      ))}
    </nav>
  );
}
