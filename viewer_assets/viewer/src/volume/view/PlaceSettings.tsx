import { drawAt, serverAllowed } from '../session';
import * as store from '../store';
import { w } from '../words';
import { Choice, Section } from './Choice';

/** Where the pictures are made; only for who may have them made by the server. */
export function PlaceSettings() {
  if (!serverAllowed()) return null;
  const place = store.loaded.value?.drawing.place;
  return (
    <Section title={w('place.title')}>
      <div class="choices" role="group" aria-label={w('place.title')}>
        <Choice id="place-local" label={w('place.local')} active={place === 'local'} onPress={() => { if (place !== 'local') drawAt('local'); }} />
        <Choice id="place-server" label={w('place.server')} active={place === 'server'} onPress={() => { if (place !== 'server') drawAt('server'); }} />
      </div>
      <small>{w('place.hint')}</small>
    </Section>
  );
}
