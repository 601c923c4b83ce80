"""A foreign file and what is said of it, made into a DICOM instance."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pydicom.dataset import Dataset

from dicom_node.dataset.made import encoded
from dicom_node.dataset.syntax import EXPLICIT_LITTLE
from dicom_node.dataset.uid import derived
from dicom_node.foreign import film, picture
from dicom_node.foreign.error import ForeignError

JPEG, PNG, PDF, MP4 = "image/jpeg", "image/png", "application/pdf", "video/mp4"
_STORAGE = "1.2.840.10008.5.1.4.1.1."
SECONDARY_CAPTURE, ENCAPSULATED_PDF = _STORAGE + "7", _STORAGE + "104.1"
ENDOSCOPIC, MICROSCOPIC, PHOTOGRAPHIC = (_STORAGE + f"77.1.{n}" for n in ("1", "2", "4"))
VIDEO_ENDOSCOPIC, VIDEO_MICROSCOPIC, VIDEO_PHOTOGRAPHIC = (
    f"{visible}.1" for visible in (ENDOSCOPIC, MICROSCOPIC, PHOTOGRAPHIC)
)
_PICTURES = (SECONDARY_CAPTURE, PHOTOGRAPHIC, ENDOSCOPIC, MICROSCOPIC)
# Which SOP classes (PS3.4 annex B) a file may become; the first when none is named.
CLASSES = {
    JPEG: _PICTURES,
    PNG: _PICTURES,
    PDF: (ENCAPSULATED_PDF,),
    MP4: (VIDEO_PHOTOGRAPHIC, VIDEO_ENDOSCOPIC, VIDEO_MICROSCOPIC),
}
_MODALITIES = {
    SECONDARY_CAPTURE: "OT", ENCAPSULATED_PDF: "DOC", PHOTOGRAPHIC: "XC", VIDEO_PHOTOGRAPHIC: "XC",
    ENDOSCOPIC: "ES", VIDEO_ENDOSCOPIC: "ES", MICROSCOPIC: "GM", VIDEO_MICROSCOPIC: "GM",
}  # fmt: skip
_PIECE = 1 << 20
# One picture at a time: decoded, a small file may take hundreds of megabytes.
_DECODING = threading.Lock()
# PS3.5 section 7.1.2: an element in a fragment, or a document, is shorter.
_MAX_VALUE = (1 << 32) - 2
_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0\0\0\0\0"


@dataclass(frozen=True, slots=True)
class File:
    """What was handed in: ``size`` bytes, of which the node knows only what they are said to be."""

    stream: BinaryIO
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Made:
    """An instance's data set, to be read once."""

    sop_class: str
    sop_instance: str
    syntax: str
    pieces: Iterator[bytes]


def make(dataset: Dataset, file: File, max_pixels: int) -> Made:
    """The instance that *dataset* (`attributes.read`) and *file* become; raise `ForeignError`.

    It depends on nothing else, so that whoever sends the same again sends the same bytes. Without a
    SOP Instance UID it is derived from all of them: with another title it is another instance.
    """
    if file.media_type not in CLASSES:
        raise ForeignError("the media type is none of " + ", ".join(CLASSES))
    if file.size > _MAX_VALUE:
        raise ForeignError("the file is larger than an instance may be")
    sop_class = dataset.get("SOPClassUID") or CLASSES[file.media_type][0]
    if sop_class not in CLASSES[file.media_type]:
        raise ForeignError(f"SOPClassUID is not for {file.media_type}")
    dataset.SOPClassUID = sop_class
    if "SeriesInstanceUID" not in dataset:
        dataset.SeriesInstanceUID = derived(f"files {sop_class}", dataset.StudyInstanceUID)
    _complete(dataset)
    if "SOPInstanceUID" not in dataset:
        said = hashlib.sha256(encoded(dataset)).hexdigest()
        dataset.SOPInstanceUID = derived("file", f"{said} {_digest(file)}")
    syntax, tail = _BUILDERS[file.media_type](dataset, file, max_pixels)
    return Made(str(sop_class), str(dataset.SOPInstanceUID), syntax, _joined(dataset, tail))


def _digest(file: File) -> str:
    file.stream.seek(0)
    digest = hashlib.sha256()
    while piece := file.stream.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _complete(dataset: Dataset) -> None:
    """Type 2 attributes of every IOD, empty when nothing was said."""
    for keyword in (
        "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID", "AccessionNumber",
        "ReferringPhysicianName", "SeriesNumber", "InstanceNumber", "Manufacturer", "Laterality",
    ):  # fmt: skip
        if keyword not in dataset:
            setattr(dataset, keyword, "")
    if "Modality" not in dataset:
        dataset.Modality = _MODALITIES[dataset.SOPClassUID]
    if not dataset.InstanceNumber:
        dataset.InstanceNumber = 1
    # Nobody has looked whether a name stands in it.
    dataset.BurnedInAnnotation = "YES"


def _of_picture(dataset: Dataset, file: File, max_pixels: int) -> tuple[str, Iterator[bytes]]:
    with _DECODING:
        found = picture.read(file.stream, file.media_type, max_pixels)
    if dataset.SOPClassUID == SECONDARY_CAPTURE:
        dataset.ConversionType = "WSD"
    else:
        dataset.AcquisitionContextSequence = []
    _pixels(dataset, found.rows, found.columns, found.samples, found.bits, found.photometric)
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.LossyImageCompression = "01" if found.lossy else "00"
    if found.lossy:
        native = found.rows * found.columns * found.samples
        dataset.LossyImageCompressionRatio = f"{max(native / max(file.size, 1), 1):.2f}"
        dataset.LossyImageCompressionMethod = "ISO_10918_1"
    if found.data is None:
        return found.syntax, _encapsulated(file)
    vr = b"OW" if found.bits == 16 else b"OB"
    return found.syntax, _element(b"\xe0\x7f\x10\x00", vr, [found.data], len(found.data))


def _of_document(dataset: Dataset, file: File, _max_pixels: int) -> tuple[str, Iterator[bytes]]:
    file.stream.seek(0)
    # ISO 32000: readers find the header within the first 1024 bytes.
    if b"%PDF-" not in file.stream.read(1024):
        raise ForeignError("the file is no PDF")
    dataset.ConversionType = "WSD"
    for keyword in ("ContentDate", "ContentTime", "AcquisitionDateTime", "DocumentTitle"):
        if keyword not in dataset:
            setattr(dataset, keyword, "")
    # Type 1 of this IOD alone (PS3.3 table C.24-1).
    dataset.SeriesNumber = dataset.SeriesNumber or 1
    dataset.ConceptNameCodeSequence = []
    dataset.MIMETypeOfEncapsulatedDocument = PDF
    file.stream.seek(0)
    document = _element(b"\x42\x00\x11\x00", b"OB", _pieces(file), file.size)
    dataset.EncapsulatedDocumentLength = file.size
    return EXPLICIT_LITTLE.uid, document


def _of_film(dataset: Dataset, file: File, max_pixels: int) -> tuple[str, Iterator[bytes]]:
    found = film.read(file.stream, file.size)
    if found.rows * found.columns > max_pixels:
        raise ForeignError(f"the film's pictures have more than {max_pixels} pixels")
    _pixels(dataset, found.rows, found.columns, 3, 8, "YBR_PARTIAL_420")
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.AcquisitionContextSequence = []
    dataset.NumberOfFrames = found.frames
    dataset.FrameTime = f"{found.frame_time:.6g}"
    dataset.FrameIncrementPointer = 0x00181063
    dataset.LossyImageCompression = "01"
    hevc = found.syntax == film.HEVC_MAIN
    dataset.LossyImageCompressionMethod = "ISO_23008_2" if hevc else "ISO_14496_10"
    return found.syntax, _encapsulated(file)


_BUILDERS: dict[str, Callable[[Dataset, File, int], tuple[str, Iterator[bytes]]]] = {
    JPEG: _of_picture,
    PNG: _of_picture,
    PDF: _of_document,
    MP4: _of_film,
}


def _pixels(
    dataset: Dataset, rows: int, columns: int, samples: int, bits: int, photometric: str
) -> None:
    dataset.Rows, dataset.Columns = rows, columns
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = samples, photometric
    if samples == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit, dataset.PixelRepresentation = bits - 1, 0
    dataset.PatientOrientation = ""


def _joined(dataset: Dataset, tail: Iterator[bytes]) -> Iterator[bytes]:
    """All elements in the order of their tags, the large one in its place."""
    large = 0x00420011 if dataset.SOPClassUID == ENCAPSULATED_PDF else 0x7FE00010
    before, behind = Dataset(), Dataset()
    for element in dataset:
        (before if element.tag < large else behind).add(element)
    yield encoded(before)
    yield from tail
    if len(behind):
        yield encoded(behind)


def _pieces(file: File) -> Iterator[bytes]:
    file.stream.seek(0)
    while piece := file.stream.read(_PIECE):
        yield piece


def _element(
    tag: bytes, vr: bytes, pieces: Iterator[bytes] | list[bytes], size: int
) -> Iterator[bytes]:
    padding = size % 2
    yield tag + vr + b"\0\0" + (size + padding).to_bytes(4, "little")
    yield from pieces
    yield bytes(padding)


def _encapsulated(file: File) -> Iterator[bytes]:
    """One fragment (PS3.5 section A.4), behind an empty offset table."""
    padding = file.size % 2
    yield b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff" + _ITEM + bytes(4)
    yield _ITEM + (file.size + padding).to_bytes(4, "little")
    yield from _pieces(file)
    yield bytes(padding) + _END
