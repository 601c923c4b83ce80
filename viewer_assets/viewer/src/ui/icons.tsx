/** Line icons on a 24 × 24 grid, drawn for this viewer. */
const PATHS = {
  scroll: 'M5 4h14v4H5zM5 10h14v4H5zM5 16h14v4H5z',
  window: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18zM12 3v18M12 7h6M12 11h8.5M12 15h7.6',
  zoom: 'M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13zM15.2 15.2L20.5 20.5M7.5 10.5h6M10.5 7.5v6',
  pan: 'M12 3v18M3 12h18M9 6l3-3l3 3M9 18l3 3l3-3M6 9l-3 3l3 3M18 9l3 3l-3 3',
  length: 'M4 20L20 4M3 15l6 6M15 3l6 6M8.5 12.5l2 2M12 9l2 2',
  angle: 'M4 20h16M4 20L16 5M11 20a8 8 0 0 0-2.6-5.6',
  probe: 'M12 3v6M12 15v6M3 12h6M15 12h6M12 11.2a.8.8 0 1 0 0 1.6a.8.8 0 1 0 0-1.6z',
  ellipse: 'M12 6c5 0 9 2.7 9 6s-4 6-9 6s-9-2.7-9-6s4-6 9-6z',
  width: 'M4 12h16M4 9v6M20 9v6M12 5v14M9 5h6M9 19h6',
  cobb: 'M4 7l12-3M4 17l13 3M20 4l-3 16',
  rectangle: 'M4 6h16v12H4z',
  freehand: 'M7 5c5-3 12 0 12 5s-3 4-4 7s-9 3-10-2s-3-7 2-10z',
  path: 'M4 18l5-9l5 5l6-9M3 18a1 1 0 1 0 2 0a1 1 0 1 0-2 0M19 5a1 1 0 1 0 2 0a1 1 0 1 0-2 0',
  ratio: 'M5 5c-3 6-2 12 0 15M19 5c3 6 2 12 0 15M12 3v18M12 12c-3-2-5 1-4 4h4M12 10c5-1 6 3 5 6h-5',
  text: 'M5 6V4h14v2M12 4v16M9 20h6',
  arrow: 'M5 19L19 5M9 5h10v10',
  rotate: 'M20 12a8 8 0 1 1-3-6.2M20 3v5h-5M12 9v3l2 2',
  magnify: 'M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13zM15.2 15.2L20.5 20.5M8 8h5v5H8z',
  region: 'M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M12 8a4 4 0 1 0 0 8zM12 8v8',
  undo: 'M9 7L4 12l5 5M4 12h10a5 5 0 0 1 5 5v1',
  look: 'M12 3a9 9 0 1 0 0 18c2 0 2-1 1.600-2.500S14.500 15 17 15h2c2 0 2-2 2-3a9 9 0 0 0-9-9zM8 9v.5M13 7v.5M7.500 14v.5',
  tags: 'M4 5h16M4 12h16M4 19h10M4 5v.1',
  output: 'M12 4v11M8 8l4-4l4 4M5 14v6h14v-6',
  reset: 'M5 12a7 7 0 1 1 2.2 5.1M5 18v-5h5',
  invert: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18zM12 3v18M12 12L18 5.5M12 17L20.5 8.7M14 20.5L21 13.4',
  rotateLeft: 'M5 12a7 7 0 1 0 2.2-5.1M5 3v5h5',
  rotateRight: 'M19 12a7 7 0 1 1-2.2-5.1M19 3v5h-5',
  slower: 'M5 12h14',
  faster: 'M5 12h14M12 5v14',
  flipHorizontal: 'M12 3v18M9 6L3 18h6zM15 6l6 12h-6z',
  flipVertical: 'M3 12h18M6 9L18 3v6zM6 15l12 6v-6z',
  presets: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4',
  play: 'M7 4.5v15l12-7.5z',
  pause: 'M7 5v14M17 5v14',
  deleteOne: 'M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13',
  deleteAll: 'M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13M10 11l4 5M14 11l-4 5',
  measure: 'M3 8h18v8H3zM7 8v3M11 8v4M15 8v3M19 8v4',
  info: 'M4 4h6M4 8h4M14 4h6M16 8h4M4 20h6M4 16h4M14 20h6M16 16h4',
  cursor: 'M12 2v7M12 15v7M2 12h7M15 12h7M12 10.5a1.5 1.5 0 1 0 0 3a1.5 1.5 0 1 0 0-3z',
  layout: 'M3 4h18v16H3zM12 4v16M3 12h18',
  volume: 'M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5l8-4.5M12 12v9',
  link: 'M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.6-5.6l-1.4 1.4M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.6 5.6l1.4-1.4',
  lines: 'M3 4h18v16H3zM3 15L21 8',
  help: 'M9 9a3 3 0 1 1 4.2 2.8c-.8.4-1.2 1-1.2 2.2M12 17.5v.5',
  series: 'M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z',
  more: 'M5 12h.5M12 12h.5M19 12h.5',
  download: 'M12 4v11M7 10.5l5 5l5-5M5 20h14',
  close: 'M6 6l12 12M18 6L6 18',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
