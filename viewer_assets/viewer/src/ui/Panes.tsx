import * as state from '../state';
import { Viewport } from './Viewport';

/** The panes of the layout; an enlarged one has the screen for itself. */
export function Panes() {
  const { rows, columns } = state.enlarged.value ? { rows: 1, columns: 1 } : state.layout.value;
  const grid = `repeat(${rows}, minmax(0, 1fr)) / repeat(${columns}, minmax(0, 1fr))`;
  return (
    <main class="panes" style={{ grid }}>
      {state.panes.value.map((pane) => (
        <Viewport key={pane.id} pane={pane} />
      ))}
    </main>
  );
}
