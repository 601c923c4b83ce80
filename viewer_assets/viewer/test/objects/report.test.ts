import { expect, it } from 'vitest';
import type { Dataset } from '../../src/dicomweb/types';
import { readContent, references } from '../../src/objects/report/content';

const one = (value: unknown, vr = 'LO') => ({ vr, Value: [value] });
const code = (meaning: string) => one({ '00080100': one('x'), '00080104': one(meaning) }, 'SQ');
const item = (type: string, name: string, extra: Dataset = {}): Dataset => ({ '0040A040': one(type), '0040A043': code(name), ...extra });
const image = (instance: string, frame?: number) => one({ '00081155': one(instance), ...(frame === undefined ? {} : { '00081160': one(frame) }) }, 'SQ');

it('a report is a tree of names and values; pictures are found by the evidence', () => {
  const document: Dataset = {
    ...item('CONTAINER', 'CT 报告'),
    '0040A375': one({ '00081115': one({ '0020000E': one('1.2.3'), '00081199': image('1.2.3.4') }, 'SQ') }, 'SQ'),
    '0040A730': {
      vr: 'SQ',
      Value: [
        item('TEXT', '所见', { '0040A160': one('右肺结节 <script>') }),
        item('NUM', '直径', { '0040A300': one({ '0040A30A': one(8.5), '004008EA': one({ '00080100': one('mm') }, 'SQ') }, 'SQ') }),
        item('CODE', '部位', { '0040A168': code('右肺上叶') }),
        item('PNAME', '医师', { '0040A123': one({ Alphabetic: 'Wang^XiaoDong', Ideographic: '王^小东' }) }),
        item('IMAGE', '图像', { '00081199': image('1.2.3.4', 7) }),
        item('IMAGE', '图像', { '00081199': image('9.9') }),
      ],
    },
  };
  const content = readContent(document);
  expect(content.name).toBe('CT 报告');
  expect(content.children.map(({ name, value }) => [name, value])).toEqual([
    ['所见', '右肺结节 <script>'], ['直径', '8.5 mm'], ['部位', '右肺上叶'], ['医师', '王小东'], ['图像', ''], ['图像', ''],
  ]);
  expect(references(content)).toEqual([{ instance: '1.2.3.4', frame: 7, series: '1.2.3' }, { instance: '9.9', frame: 1, series: '' }]);
});

it('a report that is too deep, too long or no report at all ends somewhere', () => {
  let deep: Dataset = item('TEXT', 'x');
  for (let level = 0; level < 200; level++) deep = { ...item('CONTAINER', 'x'), '0040A730': { vr: 'SQ', Value: [deep] } };
  let depth = 0;
  for (let at = readContent(deep); at.children[0]; at = at.children[0]) depth++;
  expect(depth).toBe(32);
  const wide = readContent({ '0040A730': { vr: 'SQ', Value: Array.from({ length: 20_000 }, () => item('TEXT', 'x')) } });
  expect(wide.children.length).toBeLessThan(5001);
  expect(readContent({ '0040A730': { vr: 'SQ', Value: [7, null, 'x'] } }).children).toEqual([]);
});
