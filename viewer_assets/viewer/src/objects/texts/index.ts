import { translator } from '../../i18n';
import { en } from './en';
import { zh_CN, type ObjectKey } from './zh_CN';

export type { ObjectKey };

/** The texts of the object components, which come with them and not with the page. */
export const to = translator<ObjectKey>({ zh_CN, en });
