import type { FunctionComponent } from 'preact';
import type { DicomWeb } from '../dicomweb/client';
import type { PresentationState } from '../engine/presentation';
import type { SeriesSummary, StudySummary } from '../dicomweb/types';
import type { ObjectKind } from './kind';

/** What every object component is given. It reports what goes wrong and never throws. */
export interface ObjectProps {
  client: DicomWeb;
  study: StudySummary;
  series: SeriesSummary;
  /** Shown in the object's place, with a way to try again. */
  onError: (error: unknown) => void;
  /** Opens a picture of another series in the same place, as a presentation state says; frames count from 1. */
  onOpen: (series: SeriesSummary, instance: string, frame: number, presentation?: PresentationState) => void;
}

export type ObjectComponent = FunctionComponent<ObjectProps>;

/** Each kind comes in its own chunk, when it is opened first. */
export const COMPONENTS: Record<ObjectKind, () => Promise<{ default: ObjectComponent }>> = {
  ecg: () => import('./ecg/Ecg'),
  document: () => import('./document/Document'),
  video: () => import('./video/Video'),
  report: () => import('./report/Report'),
  slide: () => import('./slide/Slide'),
  presentation: () => import('./presentation/Presentation'),
};
