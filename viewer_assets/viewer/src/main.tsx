import { render } from 'preact';
import { startApp } from './app';
import * as state from './state';
import { App } from './ui/App';
import { onKey } from './ui/keyboard';
import './ui/app.css';

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
void startApp();
