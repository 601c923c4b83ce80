import { expect, it } from 'vitest';
import * as actions from '../src/ui/actions';

it('no two actions have the same key', () => {
  const all = Object.values(actions)
    .filter((make): make is () => actions.Action | actions.Action[] => typeof make === 'function' && make.length === 0)
    .flatMap((make) => make());
  const keys = all.flatMap(({ id, key }) => (key === undefined ? [] : [`${key}=${id}`]));
  const letters = [...new Set(keys)].map((entry) => entry.split('=')[0]);
  expect(letters.length).toBeGreaterThan(20);
  expect(new Set(letters).size).toBe(letters.length);
});
