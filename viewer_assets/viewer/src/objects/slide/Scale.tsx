import { to } from '../texts';
import type { Slide } from './pyramid';
import { magnification, scaleBar } from './view';

const MOST = 200;
const SHARE = 0.3;

/** How long a length is on the screen, and how many times it is enlarged by the lens. */
export function Scale({ slide, scale, width }: { slide: Slide; scale: number; width: number }) {
  const { spacing } = slide;
  const power = magnification(slide, scale);
  const bar = spacing && scaleBar(spacing[0], scale, Math.min(MOST, width * SHARE));
  const told = [
    power === null ? '' : to('slide.power', { value: Number(power.toPrecision(3)) }),
    spacing ? to('slide.resolution', { value: Number(((spacing[0] * 1000) / scale).toPrecision(3)) }) : '',
  ];
  return (
    <div class="slide-scale">
      {bar ? (
        <div class="slide-bar" data-testid="slide-scale-bar" data-pixels={bar.pixels} style={{ width: `${bar.pixels}px` }}>{bar.label}</div>
      ) : (
        <span class="mark">{to('slide.noSpacing')}</span>
      )}
      <span data-testid="slide-power">{told.filter((part) => part !== '').join('　')}</span>
    </div>
  );
}
