import { Choice, Push, Switch } from '../controls';
import { to } from '../texts';
import type { Slide } from './pyramid';

interface Props {
  slide: Slide;
  scale: number;
  layer: number;
  measuring: boolean;
  lines: number;
  anonymous: boolean;
  open: 'label' | 'overview' | null;
  onFit: () => void;
  onScale: (scale: number) => void;
  onZoom: (factor: number) => void;
  onLayer: (layer: number) => void;
  onMeasure: (on: boolean) => void;
  onClear: () => void;
  onOpen: (which: 'label' | 'overview' | null) => void;
}

const POWERS = [1.25, 2.5, 5, 10, 20, 40, 60, 100];
/** Of one press. */
export const ZOOM = 1.5;
const MOST_LAYERS = 32;

/** Enlargements by the lens, measuring, and the pictures of the label and of the whole glass. */
export function SlideBar({ slide, scale, layer, measuring, lines, anonymous, open, onFit, onScale, onZoom, onLayer, onMeasure, onClear, onOpen }: Props) {
  const { objective, label, overview } = slide;
  const powers = objective === null ? [] : POWERS.filter((power) => power <= objective);
  const current = powers.find((power) => Math.abs(power / (objective ?? 1) / scale - 1) < 0.01) ?? 0;
  return (
    <div class="object-bar" role="toolbar">
      <div class="choice">
        <Push name="slide-out" label={to('slide.out')} onPress={() => { onZoom(1 / ZOOM); }}>−</Push>
        <Push name="slide-in" label={to('slide.in')} onPress={() => { onZoom(ZOOM); }}>＋</Push>
        <Push name="slide-fit" label={to('slide.fit')} onPress={onFit} />
        {objective === null && <Push name="slide-full" label={to('slide.full')} onPress={() => { onScale(1); }} />}
      </div>
      {objective !== null && (
        <Choice label={to('slide.lens')} name="slide-power" values={powers} value={current} text={(power) => `${power}×`} onChange={(power) => { onScale(power / objective); }} />
      )}
      {slide.layers > 1 && (
        <Choice label={to('slide.layer')} name="slide-layer" values={Array.from({ length: Math.min(MOST_LAYERS, slide.layers) }, (_, at) => at)} value={layer} text={(at) => String(at + 1)} onChange={onLayer} />
      )}
      <div class="choice">
        <Switch name="slide-measure" on={measuring} title={to('slide.measureHint')} onChange={onMeasure}>{to('slide.measure')}</Switch>
        {lines > 0 && <Push name="slide-clear" label={to('slide.clear')} onPress={onClear} />}
      </div>
      {!anonymous && (label ?? overview) && (
        <div class="choice">
          {label && <Switch name="slide-label" on={open === 'label'} title={to('slide.labelHint')} onChange={(on) => { onOpen(on ? 'label' : null); }}>{to('slide.label')}</Switch>}
          {overview && <Switch name="slide-overview" on={open === 'overview'} title={to('slide.labelHint')} onChange={(on) => { onOpen(on ? 'overview' : null); }}>{to('slide.overview')}</Switch>}
        </div>
      )}
    </div>
  );
}
