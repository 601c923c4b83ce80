import { useState } from 'preact/hooks';
import { items } from '../../dicomweb/dataset';
import type { Dataset } from '../../dicomweb/types';
import { InstanceChoice } from '../controls';
import { useInstances } from '../instances';
import '../objects.css';
import type { ObjectProps } from '../registry';
import { to } from '../texts';
import { person, seriesOf, words } from './content';
import { Images } from './Images';

const TAG = { label: '00700080', description: '00700081', creator: '00700084', annotations: '00700001', texts: '00700008', text: '00700006', windows: '00283110', center: '00281050', width: '00281051' } as const;

/** A presentation state (PS3.3 C.11): what it says and of which pictures. It is listed, not applied. */
export default function Presentation(props: ObjectProps) {
  const datasets = useInstances(props);
  const [index, setIndex] = useState(0);
  const dataset = datasets?.[index];
  if (!datasets || !dataset) return <p class="waiting">{to('object.loading')}</p>;
  const references = [...seriesOf(dataset)].map(([instance, series]) => ({ instance, series, frame: 1 }));
  return (
    <article class="report" data-testid="presentation">
      <header>
        <h2>{[words(dataset, TAG.label), words(dataset, TAG.description)].filter((part) => part !== '').join(' ') || to('report.untitled')}</h2>
        <p class="hint">{person(dataset, TAG.creator)} <span class="warn">{to('presentation.notApplied')}</span></p>
        <InstanceChoice label={(number, count) => to('object.instance', { number, count })} count={datasets.length} index={index} onChange={setIndex} />
      </header>
      <ul>
        {items(dataset, TAG.windows).map((window, at) => (
          <li key={at}><span class="value">{to('presentation.window', { width: words(window, TAG.width), center: words(window, TAG.center) })}</span></li>
        ))}
        {annotations(dataset).map((text, at) => (
          <li key={at}><span class="name">{to('presentation.text')}</span><span class="value">{text}</span></li>
        ))}
      </ul>
      <Images key={index} {...props} references={references} />
    </article>
  );
}

function annotations(dataset: Dataset): string[] {
  const found = items(dataset, TAG.annotations).flatMap((layer) => items(layer, TAG.texts).map((item) => words(item, TAG.text)));
  return found.filter((text) => text !== '').slice(0, 500);
}
