import { useEffect, useRef, useState } from 'preact/hooks';

/** A reference for an element and its inner size in CSS pixels, kept up to date. */
export function useSize(): [ref: { current: HTMLElement | null }, size: readonly [number, number]] {
  const ref = useRef<HTMLElement>(null);
  const [size, setSize] = useState<readonly [number, number]>([0, 0]);
  useEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    const measure = () => {
      const { width, height } = element.getBoundingClientRect();
      setSize([width, height]);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, []);
  return [ref, size];
}
