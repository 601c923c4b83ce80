import { instancePath } from '../../dicomweb/client';
import type { SeriesSummary } from '../../dicomweb/types';
import * as state from '../../state';
import { clip } from '../../ui/text';
import { useAddress, useLoaded } from '../instances';
import type { ObjectProps } from '../registry';
import { to } from '../texts';
import type { Reference } from './content';

type ImageProps = ObjectProps & { reference: Reference };

/** The series that a reference names, when it is open here; a report may name what was never sent. */
export function seriesOf({ study, reference }: ImageProps): SeriesSummary | undefined {
  const all = state.studies.value.find((overview) => overview.study.uid === study.uid)?.series ?? [];
  return all.find(({ uid }) => uid === reference.series);
}

/** A way to a picture; text alone when it is not here. */
export function ImageLink(props: ImageProps) {
  const { reference, onOpen } = props;
  const series = seriesOf(props);
  if (!series) return <span class="hint">{to('report.imageAway')}</span>;
  return (
    <button type="button" class="push" data-testid="report-image" onClick={() => { onOpen(series, reference.instance, reference.frame); }}>
      {to('report.image', { series: clip(series.description, 30) || String(series.number ?? ''), frame: reference.frame })}
    </button>
  );
}

const MOST = 200;

export function Images({ references, ...props }: ObjectProps & { references: Reference[] }) {
  if (references.length === 0) return <p class="hint">{to('report.noImages')}</p>;
  return (
    <ol class="key-images" data-testid="key-images">
      {references.slice(0, MOST).map((reference) => (
        <li key={`${reference.instance}/${reference.frame}`}>
          <Picture {...props} reference={reference} />
          <ImageLink {...props} reference={reference} />
        </li>
      ))}
    </ol>
  );
}

function Picture(props: ImageProps) {
  const { client, study, reference } = props;
  const here = seriesOf(props) !== undefined;
  const path = `${instancePath(study.uid, reference.series, reference.instance)}/frames/${reference.frame}`;
  const load = (signal: AbortSignal) => (here ? client.rendered(path, signal) : Promise.resolve(null));
  // The way to the picture is there without it; what is wrong shows when it is taken.
  const address = useAddress(useLoaded(load, [path, here], () => undefined));
  return <span class="thumbnail">{address !== null && <img src={address} alt="" />}</span>;
}
