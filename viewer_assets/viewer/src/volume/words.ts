import { translator } from '../i18n';
import { en } from './words.en';
import { zh_CN } from './words.zh_CN';

export type { Word } from './words.zh_CN';

/** As the viewer's own `t`, for the texts of the reconstructions. */
export const w = translator({ zh_CN, en });
