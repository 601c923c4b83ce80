import { useEffect, useState } from 'preact/hooks';
import { number, TAG } from '../dicomweb/dataset';
import { isAbort, ViewerError } from '../dicomweb/errors';
import type { Dataset } from '../dicomweb/types';
import type { ObjectProps } from './registry';

/** The attributes of a series' instances by Instance Number; null while they are on their way. */
export function useInstances({ client, study, series, onError }: ObjectProps): Dataset[] | null {
  return useLoaded(async (signal) => {
    const datasets = await client.seriesMetadata(study.uid, series.uid, signal);
    if (datasets.length === 0) throw new ViewerError('empty_series', '');
    const place = (dataset: Dataset) => number(dataset, TAG.instanceNumber) ?? Infinity;
    return datasets.sort((a, b) => place(a) - place(b) || 0);
  }, [series.uid], onError);
}

/** An address in the page for `blob`, as long as it is that one; null without one. */
export function useAddress(blob: Blob | null): string | null {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (!blob) return undefined;
    const made = URL.createObjectURL(blob);
    setAddress(made);
    return () => {
      setAddress(null);
      URL.revokeObjectURL(made);
    };
  }, [blob]);
  return address;
}

/** What `load` gives; null until then, and for new `inputs`. What comes too late is dropped. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, inputs: unknown[], onError: (error: unknown) => void): T | null {
  const [loaded, setLoaded] = useState<T | null>(null);
  useEffect(() => {
    const controller = new AbortController();
    setLoaded(null);
    load(controller.signal).then(
      (value) => {
        if (!controller.signal.aborted) setLoaded(value);
      },
      (error: unknown) => {
        if (!controller.signal.aborted && !isAbort(error)) onError(error);
      },
    );
    return () => { controller.abort(); };
  }, inputs);
  return loaded;
}
