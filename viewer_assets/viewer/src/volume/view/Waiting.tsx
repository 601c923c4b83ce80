import { clip } from '../../ui/text';
import { drawAt, leave, openAgain, serverAllowed } from '../session';
import * as store from '../store';
import type { Place } from '../where';
import { w } from '../words';
import { Choice } from './Choice';

/** Before there is anything to see, or when there will be nothing. */
export function Waiting() {
  const phase = store.phase.value;
  return (
    <div class="volume-waiting" role="status">
      {phase.name === 'loading' && <Progress place={phase.place} done={phase.done} total={phase.total} />}
      {phase.name === 'busy' && (
        <>
          <p data-testid="volume-busy">{w('server.busy', { before: phase.before })}</p>
          <Elsewhere than="server" />
        </>
      )}
      {phase.name === 'large' && (
        <>
          <p>{w(phase.place === 'server' ? 'server.large' : 'refusal.memory', { count: phase.count, every: phase.every })}</p>
          <Choice
            id="volume-thin"
            label={w('load.thin')}
            onPress={() => {
              openAgain(phase.place === 'server' ? { place: 'server', every: phase.every } : { place: 'local', thin: true });
            }}
          />
          <Elsewhere than={phase.place} />
        </>
      )}
      {phase.name === 'failed' && (
        <>
          <p title={clip(phase.detail, 200)}>{phase.index === null ? w('load.broken') : w('load.failed', { index: phase.index + 1 })}</p>
          <Choice id="volume-retry" label={w('load.retry')} onPress={() => { openAgain({ place: 'local' }); }} />
          <Elsewhere than="local" />
        </>
      )}
      {phase.name === 'refused' && (
        <>
          <p data-testid="volume-refused">{phase.reason}</p>
          <Choice id="volume-retry" label={w('load.retry')} onPress={() => { openAgain({ place: 'server' }); }} />
          <Elsewhere than="server" />
        </>
      )}
      <Choice id="volume-leave" label={w('load.cancel')} onPress={leave} />
    </div>
  );
}

function Progress({ place, done, total }: { place: Place; done: number; total: number }) {
  const text = place === 'local' ? w('load.progress', { done, total }) : total > 0 ? w('server.loading', { done, total }) : w('server.connecting');
  return (
    <>
      <p>{text}</p>
      {total > 0 ? <progress max={total} value={done} /> : <progress />}
    </>
  );
}

/** The other place is offered, never taken silently. */
function Elsewhere({ than }: { than: Place }) {
  if (than === 'local' && !serverAllowed()) return null;
  const place = than === 'local' ? 'server' : 'local';
  return <Choice id={`volume-${place}`} label={w(place === 'server' ? 'place.toServer' : 'place.toLocal')} onPress={() => { drawAt(place); }} />;
}
