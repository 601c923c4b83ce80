import type { StudySummary } from '../dicomweb/types';
import type { BuiltIn, Preset } from '../engine/presets';
import { t, type Key } from '../i18n';

/** Text from outside, cut to a length that a corner can hold. */
export function clip(value: string, length: number): string {
  const characters = Array.from(value);
  return characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : value;
}

const DAY_MS = 86_400_000;

/** Age on the day of the study: days below two months, months below two years, else years. */
export function ageText(birthDate: string | null, studyDate: string | null): string {
  const birth = birthDate === null ? NaN : Date.parse(birthDate);
  const study = studyDate === null ? NaN : Date.parse(studyDate);
  if (Number.isNaN(birth) || Number.isNaN(study) || study < birth) return '';
  const [from, to] = [new Date(birth), new Date(study)];
  const months =
    (to.getUTCFullYear() - from.getUTCFullYear()) * 12 +
    (to.getUTCMonth() - from.getUTCMonth()) -
    (to.getUTCDate() < from.getUTCDate() ? 1 : 0);
  if (months < 2) return t('info.days', { count: Math.round((study - birth) / DAY_MS) });
  if (months < 24) return t('info.months', { count: months });
  return t('info.years', { count: Math.floor(months / 12) });
}

export function sexText(sex: string): string {
  return ['M', 'F', 'O'].includes(sex) ? t(`sex.${sex}` as Key) : '';
}

export function patientLine(study: StudySummary): string {
  return [study.patient_name, sexText(study.patient_sex), ageText(study.patient_birth_date, study.date)]
    .filter((part) => part !== '')
    .join(' ');
}

/** A window preset's name: the hospital's own, or that of a built-in one. */
export function presetText({ key, name }: Preset): string {
  return name === '' ? t(`preset.${key as BuiltIn}`) : clip(name, 40);
}
