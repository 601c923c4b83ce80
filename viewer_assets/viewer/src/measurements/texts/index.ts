import { translator } from '../../i18n';
import { en } from './en';
import { zh_CN, type Key } from './zh_CN';

/** The texts of saving, which come with it and not with the page. */
export const ts = translator<Key>({ zh_CN, en });
