"""Grey values of stored pictures after rescaling, by the decoders that the node has."""

import threading
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.pixels.processing import apply_modality_lut
from pydicom.pixels.utils import pixel_array

from dicom_node.archive.located import Located
from dicom_node.dataset.syntax import EXPLICIT_LITTLE, IMPLICIT_LITTLE, SYNTAXES
from dicom_node.render.headers import Encoding, Header
from dicom_node.render.plan import RefusedError
from dicom_node.store.base import Readable

_NATIVE = frozenset((EXPLICIT_LITTLE.uid, IMPLICIT_LITTLE.uid))
# Decoders share state of their libraries that is not made for threads.
_decoding = threading.Lock()


def values(store: Readable, header: Header) -> NDArray[Any]:
    """Values of shape (rows, columns), whole numbers where they are; raise `RefusedError`."""
    shape = header.slice.rows, header.slice.columns
    try:
        if header.encoding.plain:
            stored = _stored(store, header)
            if stored.shape != shape:
                raise ValueError("the picture has a wrong number of values")
            return _rescaled(_cleared(stored, header.encoding), header)
        return _by_table(store, header)
    except RefusedError:
        raise
    except Exception as error:
        raise RefusedError("undecodable") from error


def _stored(store: Readable, header: Header) -> NDArray[Any]:
    instance, encoding = header.instance, header.encoding
    if instance.syntax in _NATIVE and instance.frame_length is not None:
        ((offset, length),) = instance.spans(header.frame)
        dtype = np.dtype(f"<{'i' if encoding.signed else 'u'}{encoding.allocated // 8}")
        size = header.slice.rows * header.slice.columns * dtype.itemsize
        raw = _read(store, instance, offset, min(length, size))
        return np.frombuffer(raw, dtype).reshape(header.slice.rows, header.slice.columns)
    return _decoded(store, header)


def _read(store: Readable, instance: Located, offset: int, length: int) -> bytes:
    with store.open(instance.key) as stream:
        stream.seek(offset)
        return stream.read(length)


def _decoded(store: Readable, header: Header) -> NDArray[Any]:
    index = header.frame - 1 if header.instance.frames > 1 else 0
    path = store.local(header.instance.key)
    with _decoding, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if SYNTAXES[header.instance.syntax].deflated:
            found = _dataset(store, header).pixel_array
            return np.asarray(found if found.ndim == 2 else found[index])
        return np.asarray(pixel_array(path, index=index))


def _dataset(store: Readable, header: Header) -> Any:
    return dcmread(store.local(header.instance.key), force=True)


def _by_table(store: Readable, header: Header) -> NDArray[Any]:
    """Through a Modality LUT, or from bits that lie elsewhere (PS3.3 section C.11.1)."""
    return np.asarray(apply_modality_lut(_decoded(store, header), _dataset(store, header)))


def _cleared(stored: NDArray[Any], encoding: Encoding) -> NDArray[Any]:
    """Without what lies in the bits that hold no pixel, as old overlays do."""
    unused = stored.dtype.itemsize * 8 - encoding.stored
    if unused <= 0:
        return stored
    return (stored << unused) >> unused


def _rescaled(stored: NDArray[Any], header: Header) -> NDArray[Any]:
    slope, intercept = header.slope, header.intercept
    if not (slope.is_integer() and intercept.is_integer()):
        return stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)
    if abs(slope) > 65536 or abs(intercept) > 1 << 30:
        return (stored.astype(np.float64) * slope + intercept).astype(np.float32)
    if slope == 1 and intercept == 0:
        return stored
    return stored.astype(np.int32) * np.int32(slope) + np.int32(intercept)
