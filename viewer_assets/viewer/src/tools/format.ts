import type { RegionStats, Length } from '../engine/measure';
import type { SpacingKind } from '../engine/calibration';
import type { CardiothoracicRatio } from '../engine/thorax';
import { t } from '../i18n';

const MARKED: Partial<Record<SpacingKind, 'mark.detector' | 'mark.corrected'>> = {
  detector: 'mark.detector',
  corrected: 'mark.corrected',
};

function unitText(unit: Length['unit'] | RegionStats['areaUnit']): string {
  if (unit === 'px') return t('measure.px');
  return unit === 'px²' ? t('measure.px2') : unit;
}

/** One decimal for what is measured, none for what is counted in hundreds. */
export function round(value: number, digits = 1): string {
  return value.toFixed(digits);
}

function withUnit(value: number, unit: string, digits = 1): string {
  return unit === '' ? round(value, digits) : `${round(value, digits)} ${unit}`;
}

/** A detector's millimetres are not the patient's: the text says so. */
function caution(kind: SpacingKind): string {
  const key = MARKED[kind];
  return key ? ` (${t(key)})` : '';
}

export function lengthLines({ length, unit }: Length, kind: SpacingKind): string[] {
  return [t('measure.length', { value: round(length), unit: unitText(unit) }) + caution(kind)];
}

export function angleLines(angle: number): string[] {
  return [t('measure.angle', { value: round(angle) })];
}

/** A single pixel: the value is as stored after rescaling, so integers stay integers. */
export function probeLines(value: number | readonly number[], unit: string): string[] {
  if (typeof value !== 'number') return [t('measure.rgb', { value: value.join(' / ') })];
  const digits = Number.isInteger(value) ? 0 : 2;
  if (unit === 'HU') return [t('measure.hu', { value: round(value, digits) })];
  return [t('measure.value', { value: withUnit(value, unit, digits) })];
}

/** A point beside the picture has no value, and says so. */
export function outsideLines(): string[] {
  return [t('measure.outside')];
}

export function regionLines(stats: RegionStats, kind: SpacingKind, valueUnit: string): string[] {
  const lines = [t('measure.area', { value: round(stats.area), unit: unitText(stats.areaUnit) }) + caution(kind)];
  const { mean, deviation, min, max, sum } = stats;
  if (mean !== undefined && deviation !== undefined && min !== undefined && max !== undefined && sum !== undefined) {
    lines.push(
      t('measure.mean', { value: withUnit(mean, valueUnit) }),
      t('measure.deviation', { value: withUnit(deviation, valueUnit) }),
      t('measure.range', { min: round(min, Number.isInteger(min) ? 0 : 2), max: round(max, Number.isInteger(max) ? 0 : 2) }),
      t('measure.sum', { value: withUnit(sum, valueUnit, 0) }),
    );
  }
  lines.push(t('measure.perimeter', { value: round(stats.perimeter), unit: unitText(stats.unit) }));
  return lines;
}

export function widthLines({ length, unit }: Length): string[] {
  return [t('measure.width', { value: round(length), unit: unitText(unit) })];
}

export function cobbLines(angle: number): string[] {
  return [t('measure.cobb', { value: round(angle) })];
}

export function pathLines({ length, unit }: Length, parts: number, kind: SpacingKind): string[] {
  return [t('measure.path', { value: round(length), unit: unitText(unit), parts }) + caution(kind)];
}

/** An outline that crosses itself has no area, and says so. */
export function crossedLines(): string[] {
  return [t('measure.crossed')];
}

/** The ratio with its limit, and what it is made of. */
export function ratioLines({ ratio, right, left, thorax }: CardiothoracicRatio, kind: SpacingKind): string[] {
  const unit = unitText(kind === 'none' || kind === 'region' ? 'px' : 'mm');
  const part = (key: 'measure.heartRight' | 'measure.heartLeft' | 'measure.thorax', value: number) => t(key, { value: round(value), unit });
  return [
    ratio === undefined ? t('measure.oneSide') : t('measure.ratio', { value: round(ratio * 100) }),
    part('measure.heartRight', right),
    part('measure.heartLeft', left),
    part('measure.thorax', thorax) + caution(kind),
  ];
}
