import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

type Keys = Record<string, () => void>;

/** Keys (as `KeyboardEvent.key`) for the object in `root`, while its pane is the active one. */
export function useKeys(root: RefObject<HTMLElement | null>, keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLInputElement && event.target.type !== 'range';
      const action = latest.current[event.key];
      if (!action || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (root.current?.closest('[data-active="true"]') === null) return;
      event.preventDefault();
      action();
    };
    addEventListener('keydown', onKey);
    return () => { removeEventListener('keydown', onKey); };
  }, []);
}
