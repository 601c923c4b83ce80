import { useEffect } from 'preact/hooks';
import * as actions from '../actions';
import * as store from '../store';
import { w } from '../words';
import { Choice } from './Choice';

const PLAY_MS = 120;

/** Going through a batch of planes, by hand or as a film. */
export function BatchBar() {
  const run = store.batch.value;
  const count = store.angles.value.length;
  const playing = run?.playing === true;
  const index = run?.index ?? 0;
  useEffect(() => {
    if (!playing) return undefined;
    const timer = setTimeout(() => {
      actions.showBatchImage((index + 1) % count);
    }, PLAY_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [playing, index, count]);
  if (!run) return null;
  return (
    <div class="batch-bar">
      <Choice id="batch-play" label={w(playing ? 'batch.pause' : 'batch.play')} active={playing} onPress={actions.toggleBatch} />
      <input
        type="range"
        aria-label={w('batch.slider')}
        data-testid="batch-slider"
        min={0}
        max={count - 1}
        value={index}
        onInput={(event) => {
          actions.showBatchImage(Number(event.currentTarget.value));
        }}
      />
      <Choice id="batch-close" label={w('batch.end')} onPress={actions.endBatch} />
    </div>
  );
}
