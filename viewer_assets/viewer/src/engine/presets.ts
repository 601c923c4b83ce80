/** A window: width and centre in rescaled values. */
export interface Window {
  width: number;
  center: number;
}

export interface Preset extends Window {
  /** Names it among all; for the built-in ones, of the text `preset.<key>`. */
  key: string;
  /** As the portal calls it; empty for the built-in ones. */
  name: string;
  modality: string;
  /** Words of a body part or a series description for which it comes first. */
  body_parts: readonly string[];
}

const HEAD = ['HEAD', 'BRAIN', 'SKULL', '颅', '脑', '头'];
const CHEST = ['CHEST', 'LUNG', 'THORAX', '胸', '肺'];
const ABDOMEN = ['ABDOMEN', 'LIVER', 'KIDNEY', '腹', '肝', '肾'];
const BONES = ['SPINE', 'PELVIS', 'HIP', 'KNEE', 'ANKLE', 'FOOT', 'HAND', 'SHOULDER', 'EXTREMITY', '椎', '骨', '关节'];

const ct = (key: BuiltIn, width: number, center: number, body_parts: readonly string[]): Preset => ({
  key, name: '', modality: 'CT', body_parts, width, center,
});

export type BuiltIn = 'lung' | 'mediastinum' | 'bone' | 'brain' | 'abdomen' | 'liver' | 'angio' | 'subdural' | 'spine' | 'temporal';

/** What is offered where the portal's presets cannot be had. */
export const BUILT_IN: readonly Preset[] = [
  ct('lung', 1500, -600, CHEST),
  ct('mediastinum', 350, 40, CHEST),
  ct('bone', 2000, 500, BONES),
  ct('brain', 80, 40, HEAD),
  ct('subdural', 200, 75, HEAD),
  ct('abdomen', 400, 50, ABDOMEN),
  ct('liver', 150, 60, ABDOMEN),
  ct('angio', 600, 200, ['ANGIO', 'CTA', '血管']),
  ct('spine', 300, 50, ['SPINE', '椎']),
  ct('temporal', 4000, 700, ['EAR', 'TEMPORAL', '耳', '颞']),
];

/** Presets of a series' modality, those for its body part first, else in the given order (number keys 1…9). */
export function presetsFor(presets: readonly Preset[], modality: string, bodyPart: string): Preset[] {
  const here = bodyPart.toUpperCase();
  const meant = ({ body_parts }: Preset) => body_parts.some((word) => word !== '' && here.includes(word.toUpperCase()));
  const fitting = presets.filter((preset) => preset.modality === modality);
  return [...fitting.filter(meant), ...fitting.filter((preset) => !meant(preset))];
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
