import { useState } from 'preact/hooks';
import { isAbort } from '../../dicomweb/errors';
import type { Dataset } from '../../dicomweb/types';
import { useInstances } from '../instances';
import '../objects.css';
import type { ObjectProps } from '../registry';
import { Images, seriesOf } from '../report/Images';
import { person, words } from '../report/content';
import { to } from '../texts';
import { readState, referencesOf, refusal } from './read';

const TAG = { label: '00700080', description: '00700081', creator: '00700084', date: '00700082' } as const;
const MOST = 200;

/** The presentation states of a series (PS3.3 A.33): each shows its pictures as it says with one press. */
export default function Presentation(props: ObjectProps) {
  const datasets = useInstances(props);
  if (!datasets) return <p class="waiting">{to('object.loading')}</p>;
  return (
    <article class="report" data-testid="presentation">
      {datasets.slice(0, MOST).map((dataset, at) => <State key={at} {...props} dataset={dataset} />)}
    </article>
  );
}

function State({ dataset, ...props }: ObjectProps & { dataset: Dataset }) {
  const [busy, setBusy] = useState(false);
  const references = referencesOf(dataset);
  const first = references.find((reference) => seriesOf({ ...props, reference }));
  const refused = refusal(dataset);
  const show = async () => {
    const series = first && seriesOf({ ...props, reference: first });
    if (!first || !series) return;
    setBusy(true);
    try {
      props.onOpen(series, first.instance, first.frame, await readState(dataset, props.client));
    } catch (error) {
      if (!isAbort(error)) props.onError(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="section" data-testid="presentation-state">
      <h2>{[words(dataset, TAG.label), words(dataset, TAG.description)].filter((part) => part !== '').join(' ') || to('report.untitled')}</h2>
      <p class="hint">{[person(dataset, TAG.creator), words(dataset, TAG.date).replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3')].filter((part) => part !== '').join('　')}</p>
      {refused !== null && <p class="warn" data-testid="presentation-refused">{refused}</p>}
      {refused === null && first && (
        <button type="button" class="push primary" data-testid="presentation-show" disabled={busy} onClick={() => { void show(); }}>
          {to('presentation.show', { count: references.length })}
        </button>
      )}
      <Images {...props} references={references} />
    </section>
  );
}
