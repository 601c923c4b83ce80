import { expect, it } from 'vitest';
import * as actions from '../src/ui/actions';

it('no two actions have the same key', () => {
  const all = [
    ...actions.navigationTools(), ...actions.comparingActions(), ...actions.measureTools(), ...actions.moreMeasureTools(),
    ...actions.deleteActions(), ...actions.pictureActions(), ...actions.turnActions(), ...actions.lookTools(), ...actions.outputActions(),
    actions.playAction(), ...actions.rateActions(), actions.infoAction(), actions.volumeAction(),
  ];
  const keys = new Map<string, Set<string>>();
  for (const { id, key } of all) if (key !== undefined) keys.set(key, (keys.get(key) ?? new Set()).add(id));
  expect(keys.size).toBeGreaterThan(20);
  expect([...keys].filter(([, ids]) => ids.size > 1)).toEqual([]);
});
