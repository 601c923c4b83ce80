import { gradient } from '../engine/colours';
import type { Pane } from '../state';

/** What the colours stand for: the map from the window's lower to its upper end. */
export function ColourBar({ pane }: { pane: Pane }) {
  const { look, width, center, inverted, lowIsBright, shown } = pane.view.value;
  if (look.colour === null || !shown) return null;
  const ends = [center + width / 2, center, center - width / 2].map((value) => Math.round(value));
  return (
    <div class="colour-bar" data-testid="colour-bar">
      <i style={{ background: gradient(look.colour, inverted !== lowIsBright ? 'to bottom' : 'to top') }} />
      {ends.map((value, row) => (
        <span key={row}>{value}</span>
      ))}
    </div>
  );
}
