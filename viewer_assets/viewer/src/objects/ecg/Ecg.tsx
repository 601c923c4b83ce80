import { useState } from 'preact/hooks';
import { instancePath } from '../../dicomweb/client';
import { TAG, text } from '../../dicomweb/dataset';
import { useInstances, useLoaded } from '../instances';
import type { ObjectProps } from '../registry';
import { to } from '../texts';
import '../objects.css';
import { bytesOf } from '../value';
import { EcgView } from './EcgView';
import { readAnnotations, readWaveforms, samplesOf } from './waveform';

/** The waveforms of a series, one instance at a time. */
export default function Ecg(props: ObjectProps) {
  const { client, study, series, onError } = props;
  const datasets = useInstances(props);
  const [index, setIndex] = useState(0);
  const dataset = datasets?.[index];
  const loaded = useLoaded(
    async (signal) => {
      if (!dataset) return null;
      const path = instancePath(study.uid, series.uid, text(dataset, TAG.sopInstance));
      const groups = await readWaveforms(dataset, (item) => bytesOf(client, samplesOf(item), path, signal));
      return { groups, annotations: readAnnotations(dataset), taken: takenAt(text(dataset, '0008002A') || text(dataset, '00080023')) };
    },
    [dataset],
    onError,
  );
  if (!datasets || !loaded) return <p class="waiting">{to('object.loading')}</p>;
  return <EcgView key={index} {...loaded} study={study} series={series} count={datasets.length} index={index} onInstance={setIndex} />;
}

/** `20261120093100.000` → `2026-11-20 09:31:00`; what is no such text stays away. */
function takenAt(value: string): string {
  const parts = /^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?/.exec(value);
  if (!parts) return '';
  const [, year, month, day, hour, minute, second] = parts;
  return [`${year}-${month}-${day}`, hour === undefined ? '' : `${hour}:${minute}:${second}`].join(' ').trim();
}
