import { FONT } from '../../font';
import { draw, type Sheet } from './paper';

/** Pixels a millimetre of an exported picture: 203 dots an inch. */
const SCALE = 8;
/** No side of a canvas may be longer in every browser. */
const MAX_SIDE = 8192;
const HEADER = 14;

/** The whole paper with `lines` above it, as JPEG. */
export function picture(sheet: Sheet, lines: readonly string[]): Promise<{ blob: Blob; width: number }> {
  const { width, height } = sheet.paper;
  const scale = Math.min(SCALE, MAX_SIDE / width, MAX_SIDE / (height + HEADER));
  const paper = canvas(width * scale, height * scale);
  draw(paper.context, sheet, { x: 0, y: 0, width, height }, scale);
  const whole = canvas(width * scale, (height + HEADER) * scale);
  whole.context.fillStyle = '#fff';
  whole.context.fillRect(0, 0, whole.element.width, whole.element.height);
  whole.context.drawImage(paper.element, 0, HEADER * scale);
  whole.context.setTransform(scale, 0, 0, scale, 0, 0);
  whole.context.fillStyle = '#000';
  for (const [row, line] of lines.entries()) {
    whole.context.font = `${row === 0 ? '600 ' : ''}3.4px ${FONT}`;
    whole.context.fillText(line, 2, 5 + row * 5, width - 4);
  }
  return new Promise((resolve, reject) => {
    whole.element.toBlob(
      (blob) => {
        if (blob) resolve({ blob, width });
        else reject(new Error('the browser made no picture'));
      },
      'image/jpeg',
      0.92,
    );
  });
}

function canvas(width: number, height: number): { element: HTMLCanvasElement; context: CanvasRenderingContext2D } {
  const element = document.createElement('canvas');
  element.width = Math.round(width);
  element.height = Math.round(height);
  const context = element.getContext('2d');
  if (!context) throw new Error('the browser has no 2D canvas');
  return { element, context };
}
