import openJphFactory from '@cornerstonejs/codec-openjph/wasmjs';
import wasm from '@cornerstonejs/codec-openjph/wasm?url';
import type { Sketch } from './picture';

interface FrameInfo {
  width: number;
  height: number;
  bitsPerSample: number;
  isSigned: boolean;
  componentCount: number;
}

interface Decoder {
  getEncodedBuffer: (length: number) => Uint8Array;
  decode: () => void;
  getFrameInfo: () => FrameInfo;
  getDecodedBuffer: () => Uint8Array;
  delete: () => void;
}

type Codec = { HTJ2KDecoder: new () => Decoder };

let codec: Promise<Codec> | undefined;

export function prepare(): Promise<Codec> {
  codec ??= (openJphFactory as (options: { locateFile: () => string }) => Promise<Codec>)({ locateFile: () => wasm });
  return codec;
}

/** Undefined when the codestream is of another picture than the attributes. */
export async function decodeHtj2k({ rows, columns, signed }: Sketch, bytes: Uint8Array): Promise<ArrayLike<number> | undefined> {
  const { HTJ2KDecoder } = await prepare();
  const decoder = new HTJ2KDecoder();
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    const info = decoder.getFrameInfo();
    if (info.width !== columns || info.height !== rows || info.componentCount !== 1 || info.isSigned !== signed) return undefined;
    const decoded = decoder.getDecodedBuffer().slice();
    if (info.bitsPerSample <= 8) return signed ? new Int8Array(decoded.buffer) : decoded;
    return signed ? new Int16Array(decoded.buffer) : new Uint16Array(decoded.buffer);
  } finally {
    decoder.delete();
  }
}
