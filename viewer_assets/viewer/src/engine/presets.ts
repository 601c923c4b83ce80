/** A window: width and centre in rescaled values. */
export interface Window {
  width: number;
  center: number;
}

export interface Preset extends Window {
  /** Key of the text `preset.<name>`. */
  name: PresetName;
}

export const PRESET_NAMES = ['lung', 'mediastinum', 'bone', 'brain', 'abdomen', 'liver', 'angio', 'subdural', 'spine', 'temporal'] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

const CT: Record<PresetName, Window> = {
  lung: { width: 1500, center: -600 },
  mediastinum: { width: 350, center: 40 },
  bone: { width: 2000, center: 500 },
  brain: { width: 80, center: 40 },
  abdomen: { width: 400, center: 50 },
  liver: { width: 150, center: 60 },
  angio: { width: 600, center: 200 },
  subdural: { width: 200, center: 75 },
  spine: { width: 300, center: 50 },
  temporal: { width: 4000, center: 700 },
};

const FIRST_BY_BODY: [pattern: RegExp, names: PresetName[]][] = [
  [/HEAD|BRAIN|SKULL|NECK|ORBIT|SINUS|EAR|颅|脑|头/i, ['brain', 'subdural', 'bone', 'temporal', 'angio']],
  [/SPINE|PELVIS|HIP|KNEE|ANKLE|FOOT|HAND|SHOULDER|EXTREMITY|椎|骨|关节/i, ['bone', 'spine', 'abdomen', 'angio']],
  [/ABDOMEN|LIVER|KIDNEY|腹|肝|肾/i, ['abdomen', 'liver', 'bone', 'lung', 'angio']],
];
const CHEST_FIRST: PresetName[] = ['lung', 'mediastinum', 'bone', 'abdomen', 'brain'];
const MOST = 9;

/** Presets for a series, the likeliest first (number keys 1…9); only CT has absolute values. */
export function presetsFor(modality: string, bodyPart: string): Preset[] {
  if (modality !== 'CT') return [];
  const first = FIRST_BY_BODY.find(([pattern]) => pattern.test(bodyPart))?.[1] ?? CHEST_FIRST;
  const names = [...new Set([...first, ...PRESET_NAMES])].slice(0, MOST);
  return names.map((name) => ({ name, ...CT[name] }));
}

/**
 * The values at which a window turns black and white: PS3.3 C.11.2.1.2.1 for LINEAR (and, as
 * cornerstone draws it, SIGMOID), C.11.2.1.3.2 for LINEAR_EXACT.
 */
export function windowToRange({ width, center }: Window, exact = false): { lower: number; upper: number } {
  if (exact) return { lower: center - width / 2, upper: center + width / 2 };
  return { lower: center - 0.5 - (width - 1) / 2, upper: center - 0.5 + (width - 1) / 2 };
}

export function rangeToWindow(range: { lower: number; upper: number }, exact = false): Window {
  const shift = exact ? 0 : 1;
  return { width: range.upper - range.lower + shift, center: (range.upper + range.lower + shift) / 2 };
}
