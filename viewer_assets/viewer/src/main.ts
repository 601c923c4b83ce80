import { begin } from './first/session';
import './ui/app.css';

/** The application's chunks did not come; what is on the page says so, since it can say nothing itself. */
function incomplete(): void {
  const note = document.createElement('p');
  note.className = 'waiting';
  note.setAttribute('role', 'alert');
  note.textContent = '页面未能完整载入，请重新打开。The page did not load completely; please open it again.';
  document.body.append(note);
}

/** To run the application takes a phone longer than to ask for a picture: that goes before, for a while. */
const PATIENCE_MS = 500;

async function startShell(): Promise<typeof import('./shell')> {
  const late = new Promise((resolve) => { setTimeout(resolve, PATIENCE_MS); });
  await Promise.race([session?.ahead.asked, late]);
  return import('./shell');
}

const session = begin();
startShell().then(
  ({ start }) => {
    start(session);
  },
  (error: unknown) => {
    incomplete();
    throw error;
  },
);
