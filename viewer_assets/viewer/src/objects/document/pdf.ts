// The build for browsers that are not of this year, as hospitals have them.
import { getDocument, GlobalWorkerOptions, type PDFDocumentLoadingTask, type PDFDocumentProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';
import PdfWorker from 'pdfjs-dist/legacy/build/pdf.worker.mjs?worker';

declare const PDF_ASSETS: string;

export type { PDFDocumentProxy };

/** An image in a page with more pixels is not drawn: a small file can ask for any amount of memory. */
const MAX_IMAGE_PIXELS = 64e6;
/** Of one page on the screen. */
export const MAX_CANVAS_PIXELS = 16e6;

GlobalWorkerOptions.workerPort = new PdfWorker();

/**
 * Opens a document. Nothing in it runs and nothing outside is asked for: no scripts, no forms, no
 * links; character maps and fonts come from the viewer's own files.
 */
export function openPdf(data: Uint8Array): PDFDocumentLoadingTask {
  const assets = new URL(`${PDF_ASSETS}/`, document.baseURI).href;
  return getDocument({
    data,
    cMapUrl: `${assets}cmaps/`,
    standardFontDataUrl: `${assets}standard_fonts/`,
    wasmUrl: `${assets}wasm/`,
    iccUrl: `${assets}iccs/`,
    enableXfa: false,
    maxImageSize: MAX_IMAGE_PIXELS,
    canvasMaxAreaInBytes: MAX_CANVAS_PIXELS * 4,
    disableAutoFetch: true,
    verbosity: 0,
  });
}
