/**
 * Stands in for dcmjs (1 MB): cornerstone's metadata package asks it for a DICOM dictionary and a
 * Part 10 reader, which a viewer of DICOM JSON with its own metadata provider never uses, and for
 * the loggers of all its packages. Whoever does use the rest gets an error, not a wrong answer.
 */

const quiet = () => undefined;

interface Logger {
  trace: typeof quiet;
  debug: typeof quiet;
  info: typeof quiet;
  warn: typeof quiet;
  error: (...details: unknown[]) => void;
  setLevel: typeof quiet;
  setDefaultLevel: typeof quiet;
  getLevel: () => number;
  getLogger: (name: string) => Logger;
}

const ERROR_LEVEL = 4;

/** A new object each time: cornerstone hangs its own methods on it. */
function logger(): Logger {
  return {
    trace: quiet,
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: (...details) => {
      globalThis.console.error(...details);
    },
    setLevel: quiet,
    setDefaultLevel: quiet,
    getLevel: () => ERROR_LEVEL,
    getLogger: logger,
  };
}

function absent(): never {
  throw new Error('dcmjs is not part of this viewer');
}

export const log = logger();

export const constants = {
  IMPLICIT_LITTLE_ENDIAN: '1.2.840.10008.1.2',
  EXPLICIT_LITTLE_ENDIAN: '1.2.840.10008.1.2.1',
  DEFLATED_EXPLICIT_LITTLE_ENDIAN: '1.2.840.10008.1.2.1.99',
  EXPLICIT_BIG_ENDIAN: '1.2.840.10008.1.2.2',
};

export default {
  log,
  constants,
  data: { DicomMetaDictionary: { dictionary: {}, nameMap: {} } },
  async: { AsyncDicomReader: absent },
  utilities: { DicomMetadataListener: absent },
};
