"""Objects that are no plain pictures, small, of one new study, and the way they are sent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE

CLIP = Path(__file__).resolve().parents[1] / "samples" / "clip.mp4"
STORAGE = "1.2.840.10008.5.1.4.1.1."
MPEG4 = "1.2.840.10008.1.2.4.102"
LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
RATE, SECONDS, BEAT, PEAK = 500, 10, 0.8, 1.2  # Hz, s, s between two R waves, mV


def instance(study: str, number: int, sop_class: str, modality: str, **values: Any) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = STORAGE + sop_class, generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study, generate_uid()
    ds.PatientName, ds.PatientID = "Li^Ming=李^明", "OBJ1"
    ds.PatientBirthDate, ds.PatientSex = "19700102", "M"
    ds.StudyDate, ds.StudyTime, ds.AccessionNumber, ds.StudyID = "20261120", "101500", "", "1"
    ds.ReferringPhysicianName = ds.StudyDescription = ""
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = modality, number, 1
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def code(value: str, scheme: str, meaning: str) -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return Sequence([item])


def beats() -> np.ndarray:
    """Millivolts: a triangle of 1.2 mV and 40 ms every 800 ms, the first at 400 ms."""
    phase = (np.arange(RATE * SECONDS) / RATE) % BEAT
    return np.maximum(0, PEAK * (1 - np.abs(phase - 0.4) / 0.02))


def ecg(study: str, number: int = 1) -> Dataset:
    """Twelve leads with the same beats, 2.5 µV a sample."""
    group = Dataset()
    group.WaveformOriginality, group.MultiplexGroupLabel = "ORIGINAL", "RHYTHM"
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = 12, RATE * SECONDS
    group.SamplingFrequency = RATE
    channels = []
    for lead in LEADS:
        channel = Dataset()
        channel.ChannelSourceSequence = code(f"MDC_ECG_LEAD_{lead}", "MDC", f"Lead {lead}")
        channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor = "2.5", "1"
        channel.ChannelSensitivityUnitsSequence = code("uV", "UCUM", "microvolt")
        channel.ChannelBaseline, channel.ChannelSampleSkew = "0", "0"
        channel.WaveformBitsStored = 16
        channels.append(channel)
    group.ChannelDefinitionSequence = Sequence(channels)
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    samples = np.repeat(np.rint(beats() / 0.0025).astype("<i2")[:, None], 12, axis=1)
    group.WaveformData = samples.tobytes()
    ds = instance(study, number, "9.1.1", "ECG", AcquisitionDateTime="20261120101500")
    ds.ContentDate, ds.ContentTime, ds.SeriesDescription = "20261120", "101500", "静息心电图"
    ds.WaveformSequence = Sequence([group])
    statement, interval = Dataset(), Dataset()
    statement.UnformattedTextValue = "窦性心律 <script>alert(1)</script>"
    interval.ConceptNameCodeSequence = code("5.10.2.1-3", "SCPECG", "RR Interval")
    interval.NumericValue = "800"
    interval.MeasurementUnitsCodeSequence = code("ms", "UCUM", "milliseconds")
    for item in (statement, interval):
        item.ReferencedWaveformChannels, item.AnnotationGroupNumber = [1, 0], 0
    ds.WaveformAnnotationSequence = Sequence([statement, interval])
    return ds


def pdf(text: str, pages: int = 2) -> bytes:
    """A document of A5 pages; its Chinese font is not embedded, as in many hospitals' reports."""
    encoded = text.encode("gb18030").hex().upper()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>",
        b"<</Type/Pages/Count %d/Kids[%b]>>"
        % (pages, b" ".join(b"%d 0 R" % (6 + 2 * page) for page in range(pages))),
        b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/GBK-EUC-H"
        b"/DescendantFonts[4 0 R]>>",
        b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/FontDescriptor 5 0 R"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>>>",
        b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]"
        b"/ItalicAngle 0/Ascent 880/Descent -120/CapHeight 880/StemV 93>>",
    ]
    for page in range(pages):
        stream = b"BT /F1 36 Tf 40 400 Td <%b> Tj ET\n0.8 0 0 rg 40 100 %d 40 re f" % (
            encoded.encode(), 100 * (page + 1),
        )  # fmt: skip
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 420 595]/Contents %d 0 R"
            b"/Resources<</Font<</F1 3 0 R>>>>>>" % (7 + 2 * page)
        )
        objects.append(b"<</Length %d>>stream\n%b\nendstream" % (len(stream), stream))
    body, offsets = b"%PDF-1.5\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return body + head + table + tail % (len(objects) + 1, len(body))


def document(study: str, content: bytes, number: int = 2, title: str = "出院小结") -> Dataset:
    ds = instance(study, number, "104.1", "DOC", DocumentTitle=title, ConversionType="WSD")
    ds.SeriesDescription = title
    ds.BurnedInAnnotation, ds.MIMETypeOfEncapsulatedDocument = "YES", "application/pdf"
    ds.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    ds.EncapsulatedDocumentLength = len(content)
    return ds


def film(study: str, content: bytes, number: int = 4, **values: Any) -> Dataset:
    """A video of 50 frames of 160 × 120, 25 a second, as the clip is."""
    ds = instance(study, number, "77.1.4.1", "XC", NumberOfFrames=50, FrameTime="40", **values)
    ds.file_meta.TransferSyntaxUID = MPEG4
    ds.SeriesDescription = "手术录像"
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = (
        3,
        "YBR_PARTIAL_420",
        0,
    )
    ds.Rows, ds.Columns, ds.BitsAllocated, ds.BitsStored, ds.HighBit = 120, 160, 8, 8, 7
    ds.PixelRepresentation, ds.LossyImageCompression = 0, "01"
    ds.PixelData = encapsulate([content], has_bot=False)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return ds


def photograph(study: str, pixels: np.ndarray, number: int = 5) -> Dataset:
    """What the node makes of a PNG: a colour secondary capture."""
    ds = instance(study, number, "7", "OT", ConversionType="WSD", SeriesDescription="皮肤照片")
    ds.Rows, ds.Columns, ds.SamplesPerPixel = *pixels.shape[:2], 3
    ds.PhotometricInterpretation, ds.PlanarConfiguration = "RGB", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.PixelData = pixels.astype("u1").tobytes()
    return ds


def _content(kind: str, name: str, **values: Any) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", kind
    item.ConceptNameCodeSequence = code("x", "99TEST", name)
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _named(image: Dataset) -> Sequence:
    reference = Dataset()
    reference.ReferencedSOPClassUID = image.SOPClassUID
    reference.ReferencedSOPInstanceUID = image.SOPInstanceUID
    return Sequence([reference])


def report(study: str, image: Dataset, number: int = 7, *, keys: bool = False) -> Dataset:
    """A structured report, or a key object selection, that names *image*."""
    sop_class, modality = ("88.59", "KO") if keys else ("88.33", "SR")
    ds = instance(study, number, sop_class, modality, ValueType="CONTAINER")
    ds.ContentDate, ds.ContentTime, ds.ContinuityOfContent = "20261120", "103000", "SEPARATE"
    ds.SeriesDescription = "关键图像" if keys else "结构化报告"
    ds.ConceptNameCodeSequence = code("x", "99TEST", "供会诊" if keys else "皮肤镜报告")
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "VERIFIED"
    evidence, series = Dataset(), Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = image.SeriesInstanceUID, _named(image)
    evidence.StudyInstanceUID, evidence.ReferencedSeriesSequence = study, Sequence([series])
    ds.CurrentRequestedProcedureEvidenceSequence = Sequence([evidence])
    value = Dataset()
    value.NumericValue = "8.5"
    value.MeasurementUnitsCodeSequence = code("mm", "UCUM", "millimeter")
    ds.ContentSequence = Sequence([
        _content("TEXT", "所见", TextValue="色素痣 <img src=x onerror=alert(1)>"),
        _content("NUM", "直径", MeasuredValueSequence=Sequence([value])),
        _content("IMAGE", "图像", ReferencedSOPSequence=_named(image)),
    ])  # fmt: skip
    return ds


def send(datasets: list[Dataset], calling_ae: str = "CT_A") -> None:
    """Store them at the product over DICOM, each in its own transfer syntax."""
    entity = AE(ae_title=calling_ae)
    for ds in datasets:
        entity.add_requested_context(ds.SOPClassUID, ds.file_meta.TransferSyntaxUID)
    port = int(os.environ["YUNYING_TEST_DICOM_PORT"])
    association = entity.associate("127.0.0.1", port, ae_title="YUNYING")
    assert association.is_established
    for ds in datasets:
        assert association.send_c_store(ds).Status == 0
    association.release()
