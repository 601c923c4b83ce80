import type { RefObject } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { useKeys } from '../keys';
import type { Caliper } from './measure';

/** The calipers on a paper and which of them is selected; Delete takes that one away. */
export interface Calipers {
  all: readonly Caliper[];
  selected: number | null;
  nextId: () => number;
  select: (id: number | null) => void;
  put: (caliper: Caliper, isNew: boolean) => void;
  remove: (id: number) => void;
  clear: () => void;
}

export function useCalipers(root: RefObject<HTMLElement | null>): Calipers {
  const [all, setAll] = useState<readonly Caliper[]>([]);
  const [selected, setSelected] = useState<number | null>(null);
  const ids = useRef(0);
  const remove = (id: number) => {
    setAll((now) => now.filter((caliper) => caliper.id !== id));
    setSelected(null);
  };
  const removeSelected = () => {
    if (selected !== null) remove(selected);
  };
  useKeys(root, { Delete: removeSelected, Backspace: removeSelected });
  return {
    all,
    selected,
    nextId: () => ++ids.current,
    select: setSelected,
    put: (caliper, isNew) => {
      setAll((now) => (isNew ? [...now, caliper] : now.map((one) => (one.id === caliper.id ? caliper : one))));
      setSelected(caliper.id);
    },
    remove,
    clear: () => {
      setAll([]);
      setSelected(null);
    },
  };
}
