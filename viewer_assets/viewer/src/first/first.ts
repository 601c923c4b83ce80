import { instancePath, type DicomWeb } from '../dicomweb/client';
import { isAbort } from '../dicomweb/errors';
import { isSlowLine } from '../dicomweb/line';
import { isLossy } from '../engine/values';
import type { SeriesSummary, StudySummary } from '../dicomweb/types';
import { expectHtj2k, firstValues } from './decode';
import { sketch, type Sketch } from './picture';

/** A picture with every value of the file, drawn before the engine has come. */
export interface First {
  sketch: Sketch;
  values: ArrayLike<number>;
  lossy: boolean;
}

/**
 * The first picture of a series without the engine; undefined when it has to wait for it.
 *
 * The frame is kept for the engine, which does not fetch it again.
 */
export async function firstPicture(client: DicomWeb, study: StudySummary, series: SeriesSummary, signal?: AbortSignal): Promise<First | undefined> {
  const path = instancePath(study.uid, series.uid, series.representative);
  if (isSlowLine()) expectHtj2k();
  try {
    const [dataset, frame] = await Promise.all([client.instanceMetadata(path, signal), client.keepFrame(path, 1, signal)]);
    const drawn = dataset && sketch(dataset, 1);
    const values = drawn && (await firstValues(drawn, frame));
    if (!values) return undefined;
    return { sketch: drawn, values, lossy: isLossy(dataset, frame.transferSyntax) };
  } catch (error) {
    // The engine asks for the same and tells what is wrong with it.
    if (isAbort(error) || error instanceof Error) return undefined;
    throw error;
  }
}
