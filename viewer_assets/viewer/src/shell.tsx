import { effect } from '@preact/signals';
import { render } from 'preact';
import { startApp } from './app';
import type { Session } from './first/session';
import * as state from './state';
import { App } from './ui/App';
import { onKey } from './ui/keyboard';

/** The application, over what was begun before it came. */
export function start(session: Session | null): void {
  const narrow = matchMedia('(max-width: 600px), (pointer: coarse)');
  state.phone.value = narrow.matches;
  state.tool.value = narrow.matches ? 'scroll' : 'window';
  narrow.addEventListener('change', (event) => {
    state.phone.value = event.matches;
  });
  const root = document.getElementById('app');
  if (!root) throw new Error('index.html lacks #app');
  render(<App />, root);
  addEventListener('keydown', onKey);
  if (session) uncoverOnce(session);
  void startApp(session);
}

/** The bare page's picture goes once the application has one, or a message. */
function uncoverOnce({ ahead }: Session): void {
  const stop = effect(() => {
    const { preview, first, pictureShown, problem } = state.active.value;
    const own = preview.value !== null || first.value !== null || pictureShown.value || problem.value !== null;
    if (!own && state.fatal.value === null) return;
    requestAnimationFrame(() => {
      ahead.uncover();
      stop();
    });
  });
}
