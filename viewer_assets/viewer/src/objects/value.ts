import type { DicomWeb } from '../dicomweb/client';
import { ViewerError } from '../dicomweb/errors';
import type { Element } from '../dicomweb/types';

/** Bytes of an InlineBinary (PS3.18 F.2.7); throws ViewerError when it is none. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch (error) {
    if (error instanceof DOMException) throw new ViewerError('object_invalid', 'inline data');
    throw error;
  }
}

/** The bytes of a binary element, wherever the metadata says that they are. */
export async function bytesOf(client: DicomWeb, element: Element | undefined, path: string, signal?: AbortSignal): Promise<Uint8Array> {
  if (element?.InlineBinary !== undefined) return decodeBase64(element.InlineBinary);
  if (element?.BulkDataURI !== undefined) return client.bulk(element.BulkDataURI, path, signal);
  throw new ViewerError('object_invalid', 'no data');
}
