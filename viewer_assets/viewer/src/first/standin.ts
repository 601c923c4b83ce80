import { asViewerError, isAbort } from '../dicomweb/errors';
import type { Pane } from '../state';
import type { First } from './first';

/** The server's picture of the series stands in until the engine has its own. */
export async function showPreview(asked: Promise<Blob>, pane: Pane, signal: AbortSignal): Promise<void> {
  setPreview(pane, null);
  try {
    const blob = await asked;
    if (!signal.aborted && !pane.pictureShown.value) setPreview(pane, URL.createObjectURL(blob));
  } catch (error) {
    // A preview is a convenience: what is wrong shows when the picture itself is asked for.
    if (!isAbort(error)) asViewerError(error, 'bad_response');
  }
}

/** The picture with all its values, drawn without the engine. */
export async function showFirst(asked: Promise<First | undefined>, pane: Pane, signal: AbortSignal): Promise<void> {
  const first = await asked;
  if (first && !signal.aborted && !pane.pictureShown.value) pane.first.value = first;
}

export function setPreview(pane: Pane, url: string | null): void {
  if (pane.preview.value !== null) URL.revokeObjectURL(pane.preview.value);
  pane.preview.value = url;
}
