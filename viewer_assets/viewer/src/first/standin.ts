import { instancePath, type DicomWeb } from '../dicomweb/client';
import { asViewerError, isAbort } from '../dicomweb/errors';
import { isSlowLine } from '../dicomweb/line';
import type { OpenSeries, Pane } from '../state';
import { firstPicture } from './first';

const PREVIEW_AHEAD_MS = 1000;

/** The server's picture of the series stands in until the engine has its own. */
export async function showPreview(client: DicomWeb, { study, series }: OpenSeries, pane: Pane, signal: AbortSignal): Promise<void> {
  setPreview(pane, null);
  const frame = series.frame_count > series.instance_count ? '/frames/1' : '';
  try {
    const blob = await client.rendered(instancePath(study.uid, series.uid, series.representative) + frame, signal);
    if (!signal.aborted && !pane.pictureShown.value) setPreview(pane, URL.createObjectURL(blob));
  } catch (error) {
    // A preview is a convenience: what is wrong shows when the picture itself is asked for.
    if (!isAbort(error)) asViewerError(error, 'bad_response');
  }
}

/** The picture with all its values, drawn without the engine. On a slow line the preview goes before, for a while. */
export async function showFirst(client: DicomWeb, { study, series }: OpenSeries, pane: Pane, signal: AbortSignal, previewing: Promise<void>): Promise<void> {
  if (isSlowLine()) await Promise.race([previewing, new Promise((resolve) => setTimeout(resolve, PREVIEW_AHEAD_MS))]);
  const first = await firstPicture(client, study, series, signal);
  if (first && !signal.aborted && !pane.pictureShown.value) pane.first.value = first;
}

export function setPreview(pane: Pane, url: string | null): void {
  if (pane.preview.value !== null) URL.revokeObjectURL(pane.preview.value);
  pane.preview.value = url;
}
