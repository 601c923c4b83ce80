import { useState } from 'preact/hooks';
import { InstanceChoice } from '../controls';
import { useInstances } from '../instances';
import '../objects.css';
import type { ObjectProps } from '../registry';
import { to } from '../texts';
import { person, readContent, references, words, type Content } from './content';
import { Images, ImageLink, seriesOf } from './Images';

/** Structured reports, and key object selections, which are reports about pictures. */
export default function Report(props: ObjectProps) {
  const datasets = useInstances(props);
  const [index, setIndex] = useState(0);
  const dataset = datasets?.[index];
  if (!datasets || !dataset) return <p class="waiting">{to('object.loading')}</p>;
  const content = readContent(dataset);
  const verified = words(dataset, '0040A493') === 'VERIFIED';
  const complete = words(dataset, '0040A491') !== 'PARTIAL';
  const keys = words(dataset, '00080016').endsWith('.88.59');
  return (
    <article class="report" data-testid="report">
      <header>
        <h2>{content.name || to('report.untitled')}</h2>
        <p class="hint">
          {words(dataset, '00080023').replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3')} {person(dataset, '00081070')}
          {!keys && <span class={verified && complete ? 'good' : 'warn'} data-testid="report-state">{to(!complete ? 'report.partial' : verified ? 'report.verified' : 'report.unverified')}</span>}
        </p>
        <InstanceChoice label={(number, count) => to('object.instance', { number, count })} count={datasets.length} index={index} onChange={setIndex} />
      </header>
      <Items items={keys ? content.children.filter((item) => item.type !== 'IMAGE') : content.children} {...props} />
      {keys && <Images key={index} {...props} references={references(content)} />}
    </article>
  );
}

/** A picture that the report names and that is not here. */
function isAway({ type, reference, children }: Content, props: ObjectProps): boolean {
  return type === 'IMAGE' && reference !== null && children.length === 0 && seriesOf({ ...props, reference }) === undefined;
}

function Items({ items, ...props }: { items: Content[] } & ObjectProps) {
  if (items.length === 0) return null;
  const away = items.filter((item) => isAway(item, props));
  return (
    <ul>
      {away.length > 0 && <li class="hint">{to('report.imagesAway', { count: away.length })}</li>}
      {items.filter((item) => !away.includes(item)).map((item, at) => (
        <li key={at} class={item.type === 'CONTAINER' ? 'section' : ''}>
          {item.type === 'CONTAINER' ? <h3>{item.name}</h3> : <span class="name">{item.name}</span>}
          {item.value !== '' && <span class="value">{item.value}</span>}
          {item.reference && item.type === 'IMAGE' && <ImageLink {...props} reference={item.reference} />}
          <Items items={item.children} {...props} />
        </li>
      ))}
    </ul>
  );
}
