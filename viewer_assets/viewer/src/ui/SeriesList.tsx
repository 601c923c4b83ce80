import { useState } from 'preact/hooks';
import type { SeriesSummary, StudySummary } from '../dicomweb/types';
import { loadPriors, openPrior } from '../app';
import { t } from '../i18n';
import { openSeries } from '../panes';
import type { Prior } from '../portal';
import * as state from '../state';
import { kindText } from './kinds';
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
            {clip(series.modality, 8)} · {series.frame_count > 0 ? t('app.images', { count: series.frame_count }) : kindText(series)}
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

function PriorItem({ prior }: { prior: Prior }) {
  const [busy, setBusy] = useState(false);
  const choose = (compare: boolean) => {
    setBusy(true);
    state.panel.value = null;
    void openPrior(prior, compare).finally(() => {
      setBusy(false);
    });
  };
  return (
    <li class="prior" data-testid="prior" data-study={prior.uid}>
      <button type="button" class="prior-open" disabled={busy} onClick={() => { choose(false); }}>
        <strong>{prior.date ?? t('app.noDate')} · {clip(prior.modality, 8)}</strong>
        <small>{clip([prior.body_part, prior.description].filter(Boolean).join(' '), 60)}</small>
        <small>{clip(prior.hospital, 40)} · {t('app.images', { count: prior.images })}</small>
      </button>
      <button type="button" class="plain" disabled={busy} data-testid="prior-compare" onClick={() => { choose(true); }}>
        {t('app.compare')}
      </button>
    </li>
  );
}

/** What the patient was examined for at other times, fetched when a study opens. */
function Priors() {
  const priors = state.priors.value;
  if (state.priorsFailed.value) {
    return (
      <section data-testid="priors">
        <h2>{t('app.priors')}</h2>
        <p class="note">{t('app.priorsFailed')}</p>
        <button type="button" class="plain" onClick={() => void loadPriors()}>
          {t('app.retry')}
        </button>
      </section>
    );
  }
  if (!priors) return null;
  return (
    <section data-testid="priors">
      <h2>{t('app.priors')}</h2>
      {priors.length === 0 && <p class="quiet">{t('app.noPriors')}</p>}
      <ul>
        {priors.map((prior) => (
          <PriorItem key={prior.uid} prior={prior} />
        ))}
      </ul>
    </section>
  );
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
      <Priors />
    </nav>
  );
}
