import { to, type ObjectKey } from '../texts';

/** Names that electrocardiographs write (SCP-ECG, MDC, their makers'), by how they begin. */
const NAMES: [pattern: RegExp, key: ObjectKey][] = [
  [/^(ventricular|heart) rate/i, 'ecgName.rate'],
  [/^rr interval/i, 'ecgName.rr'],
  [/^pp interval/i, 'ecgName.pp'],
  [/^pr interval/i, 'ecgName.pr'],
  [/^qrs duration/i, 'ecgName.qrs'],
  [/^qtc/i, 'ecgName.qtc'],
  [/^qt interval/i, 'ecgName.qt'],
  [/^p[ -](front )?axis/i, 'ecgName.pAxis'],
  [/^qrs axis/i, 'ecgName.qrsAxis'],
  [/^t axis/i, 'ecgName.tAxis'],
  [/^p onset/i, 'ecgName.pOnset'],
  [/^p offset/i, 'ecgName.pOffset'],
  [/^qrs onset/i, 'ecgName.qrsOnset'],
  [/^qrs offset/i, 'ecgName.qrsOffset'],
  [/^t offset/i, 'ecgName.tOffset'],
];

/** In the user's language where it is a usual one, else as it stands in the file. */
export function annotationName(name: string): string {
  const key = NAMES.find(([pattern]) => pattern.test(name))?.[1];
  return key ? to(key) : name;
}
