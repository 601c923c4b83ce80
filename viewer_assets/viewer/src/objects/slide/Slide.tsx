import { useMemo } from 'preact/hooks';
import { useInstances } from '../instances';
import '../objects.css';
import type { ObjectProps } from '../registry';
import { to } from '../texts';
import { readSlide, type Slide as SlideData } from './pyramid';
import './slide.css';
import { SlideView } from './SlideView';

/** A whole slide (PS3.3 A.32.8), from all instances of its series. */
export default function Slide(props: ObjectProps) {
  const datasets = useInstances(props);
  const slide = useMemo<SlideData | null>(() => {
    if (!datasets) return null;
    try {
      return readSlide(props.study.uid, props.series.uid, datasets);
    } catch (error) {
      props.onError(error);
      return null;
    }
  }, [datasets]);
  if (!slide) return <p class="waiting">{to('object.loading')}</p>;
  return <SlideView {...props} slide={slide} />;
}
