import { useEffect, useRef, useState } from 'preact/hooks';
import { instancePath } from '../../dicomweb/client';
import { number, TAG, text } from '../../dicomweb/dataset';
import { ViewerError } from '../../dicomweb/errors';
import { clip } from '../../ui/text';
import { InstanceChoice, Push } from '../controls';
import { useInstances, useLoaded } from '../instances';
import '../objects.css';
import type { ObjectProps } from '../registry';
import { to } from '../texts';
import { bytesOf } from '../value';
import { MAX_CANVAS_PIXELS, openPdf, type PDFDocumentProxy } from './pdf';

/** The Encapsulated Document Module (PS3.3 C.24.2). */
const DOCUMENT = { title: '00420010', data: '00420011', length: '00420015' } as const;
/** A browser's tab holds it as a whole. */
const MAX_BYTES = 256 * 2 ** 20;
const MAX_PAGES = 2000;
const STEP = 1.25;
const ZOOM = { least: 0.25, greatest: 6 };

/** Encapsulated PDFs, page below page. */
export default function Document(props: ObjectProps) {
  const { client, study, series, onError } = props;
  const datasets = useInstances(props);
  const [index, setIndex] = useState(0);
  const [zoom, setZoom] = useState(1);
  const dataset = datasets?.[index];
  const pdf = useLoaded(
    async (signal) => {
      if (!dataset) return null;
      const size = number(dataset, DOCUMENT.length) ?? 0;
      if (size > MAX_BYTES) throw new ViewerError('too_large', `${Math.round(size / 2 ** 20)} MB`);
      const path = instancePath(study.uid, series.uid, text(dataset, TAG.sopInstance));
      const data = await bytesOf(client, dataset[DOCUMENT.data], path, signal);
      return opened(data, signal);
    },
    [dataset],
    onError,
  );
  const title = dataset ? clip(text(dataset, DOCUMENT.title), 80) : '';
  const scaled = (factor: number) => () => { setZoom(Math.min(Math.max(zoom * factor, ZOOM.least), ZOOM.greatest)); };
  if (!datasets || !pdf) return <p class="waiting">{to('object.loading')}</p>;
  const pages = Math.min(pdf.numPages, MAX_PAGES);
  return (
    <div class="document" data-testid="document" data-pages={pdf.numPages}>
      <div class="object-bar" role="toolbar">
        <span>{title}</span>
        <span>{to('document.pages', { count: pdf.numPages })}</span>
        <InstanceChoice label={(at, count) => to('object.instance', { number: at, count })} count={datasets.length} index={index} onChange={setIndex} />
        <div class="choice">
          <Push name="document-smaller" label={to('object.smaller')} onPress={scaled(1 / STEP)}>−</Push>
          <span data-testid="document-zoom">{Math.round(zoom * 100)}%</span>
          <Push name="document-larger" label={to('object.larger')} onPress={scaled(STEP)}>+</Push>
          <Push name="document-fit" label={to('document.fit')} onPress={() => { setZoom(1); }} />
        </div>
      </div>
      <div class="document-pages" key={index}>
        {Array.from({ length: pages }, (_, at) => <Page key={at} pdf={pdf} number={at + 1} zoom={zoom} />)}
      </div>
    </div>
  );
}

async function opened(data: Uint8Array, signal: AbortSignal): Promise<PDFDocumentProxy> {
  const task = openPdf(data);
  signal.addEventListener('abort', () => void task.destroy(), { once: true });
  try {
    return await task.promise;
  } catch (error) {
    const locked = error instanceof Error && error.name === 'PasswordException';
    throw new ViewerError('object_invalid', locked ? to('document.password') : to('document.broken'));
  }
}

/** A4, until the page itself is known. */
const ASSUMED = { width: 595, height: 842 };

/** One page, drawn when it comes near the sight and let go when it is far. */
function Page({ pdf, number: pageNumber, zoom }: { pdf: PDFDocumentProxy; number: number; zoom: number }) {
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [near, setNear] = useState(false);
  const [size, setSize] = useState(ASSUMED);
  const [state, setState] = useState<'waiting' | 'shown' | 'failed'>('waiting');
  const [room, setRoom] = useState(0);
  useEffect(() => {
    const element = holder.current;
    if (!element?.parentElement) return;
    const sight = new IntersectionObserver((entries) => { setNear(entries.some((entry) => entry.isIntersecting)); }, { root: element.parentElement, rootMargin: '100%' });
    sight.observe(element);
    const parent = element.parentElement;
    const width = new ResizeObserver(() => { setRoom(parent.clientWidth - 24); });
    width.observe(parent);
    return () => {
      sight.disconnect();
      width.disconnect();
    };
  }, []);
  const scale = room > 0 ? (Math.min(room, 1000) / size.width) * zoom : 0;
  useEffect(() => {
    const element = canvas.current;
    if (!near || !element || scale === 0) return;
    let stop: () => void = () => undefined;
    const draw = async () => {
      const page = await pdf.getPage(pageNumber);
      const natural = page.getViewport({ scale: 1 });
      if (natural.width !== size.width || natural.height !== size.height) {
        setSize({ width: natural.width, height: natural.height });
        return;
      }
      const density = Math.min(devicePixelRatio || 1, 3) * scale;
      const most = Math.sqrt(MAX_CANVAS_PIXELS / (natural.width * natural.height));
      const viewport = page.getViewport({ scale: Math.min(density, most) });
      element.width = Math.floor(viewport.width);
      element.height = Math.floor(viewport.height);
      const task = page.render({ canvas: element, viewport });
      stop = () => { task.cancel(); };
      await task.promise;
      setState('shown');
    };
    draw().catch((error: unknown) => {
      // A page that was scrolled away, or zoomed meanwhile, is drawn again when it is wanted.
      if (error instanceof Error && error.name === 'RenderingCancelledException') return;
      setState('failed');
    });
    return () => {
      stop();
      element.width = element.height = 0;
    };
  }, [near, scale, size]);
  return (
    <div class="document-page" ref={holder} data-testid="document-page" data-state={state} style={{ width: `${size.width * scale}px`, height: `${size.height * scale}px` }}>
      <canvas ref={canvas} />
      {state === 'failed' && <p class="message">{to('document.pageBroken', { number: pageNumber })}</p>}
    </div>
  );
}
