/** A colour map's stops: place from 0 (lower end of the window) to 1, red, green and blue 0 to 255. */
export type Stops = readonly (readonly [place: number, red: number, green: number, blue: number])[];

export const COLOURS = {
  hotMetal: [[0, 0, 0, 0], [0.35, 160, 0, 0], [0.65, 255, 110, 0], [0.85, 255, 220, 60], [1, 255, 255, 255]],
  rainbow: [[0, 0, 0, 0], [0.1, 70, 0, 130], [0.3, 0, 60, 255], [0.5, 0, 200, 80], [0.7, 255, 235, 0], [0.85, 255, 120, 0], [1, 255, 0, 0]],
  pet: [[0, 0, 0, 0], [0.25, 0, 60, 120], [0.5, 125, 0, 125], [0.75, 255, 125, 40], [1, 255, 255, 255]],
  bone: [[0, 0, 0, 0], [0.375, 84, 84, 116], [0.75, 167, 199, 199], [1, 255, 255, 255]],
  cold: [[0, 0, 0, 0], [0.4, 0, 50, 160], [0.75, 60, 190, 230], [1, 255, 255, 255]],
} as const satisfies Record<string, Stops>;

export type ColourName = keyof typeof COLOURS;

export const COLOUR_NAMES = Object.keys(COLOURS) as ColourName[];

/** The colour at a place of the map, red, green and blue; the ends beyond them. */
export function colourOf(name: ColourName, place: number): [number, number, number] {
  const stops: Stops = COLOURS[name];
  const after = stops.findIndex(([at]) => at >= place);
  const [to, from] = [stops[after === -1 ? stops.length - 1 : after], stops[Math.max(0, (after === -1 ? stops.length : after) - 1)]];
  if (!to || !from) return [0, 0, 0];
  const share = to[0] === from[0] ? 1 : Math.max(0, Math.min(1, (place - from[0]) / (to[0] - from[0])));
  const mixed = (channel: 1 | 2 | 3) => Math.round(from[channel] + share * (to[channel] - from[channel]));
  return [mixed(1), mixed(2), mixed(3)];
}

/** For a strip that shows the map. */
export function gradient(name: ColourName, direction: string): string {
  const stops: Stops = COLOURS[name];
  return `linear-gradient(${direction}, ${stops.map(([place, r, g, b]) => `rgb(${r} ${g} ${b}) ${Math.round(place * 100)}%`).join(', ')})`;
}
