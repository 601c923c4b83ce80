/** The loader's decode worker: it exposes itself when it finds itself in a worker. */
import 'dicom-image-loader/worker';
