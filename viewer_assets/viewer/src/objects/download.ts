import { signal } from '@preact/signals';
import type { DicomWeb } from '../dicomweb/client';
import { asViewerError, isAbort, ViewerError } from '../dicomweb/errors';
import type { Problem } from '../state';
import { save } from './saving';

/** The one download that is under way, or what became of it. */
export interface Download {
  /** What has come, in bytes; how many there will be, nobody knows before the end. */
  bytes: number;
  problem: Problem | null;
  cancel: () => void;
}

export const download = signal<Download | null>(null);

/** A browser keeps a file of this size beside its memory; a larger study is fetched with a DICOM program. */
const MAX_BYTES = 2 * 2 ** 30;

/** The study as a ZIP archive, handed to the user when all of it is here. */
export async function downloadStudy(client: DicomWeb, study: string): Promise<void> {
  download.value?.cancel();
  const controller = new AbortController();
  const mine: Download = { bytes: 0, problem: null, cancel: () => { controller.abort(); } };
  const tell = (change: Partial<Download>) => {
    if (!controller.signal.aborted) download.value = { ...mine, ...download.value, ...change };
  };
  download.value = mine;
  try {
    const stream = await client.archive(study, controller.signal);
    const counted = stream.pipeThrough(counting((bytes) => { tell({ bytes }); }));
    save(await new Response(counted, { headers: { 'Content-Type': 'application/zip' } }).blob(), `${study}.zip`);
    download.value = null;
  } catch (error) {
    if (isAbort(error) || controller.signal.aborted) download.value = null;
    else tell({ problem: problemOf(error) });
  }
}

function problemOf(error: unknown): Problem {
  // A body that breaks off is a TypeError.
  const { code, message } = asViewerError(error, 'network');
  return { code, detail: message };
}

function counting(onBytes: (bytes: number) => void): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > MAX_BYTES) throw new ViewerError('too_large', `> ${MAX_BYTES / 2 ** 30} GB`);
      onBytes(bytes);
      controller.enqueue(chunk);
    },
  });
}
