"""dcmtk, a modality's software, sends every syntax it knows; the same data sets come out again.

storescu writes the data set anew (group lengths, padding), so that elements are compared here, the
pixel data byte for byte; tests/node compares every byte with a sender that changes nothing.
"""

import time
import warnings
from io import BytesIO

import pydicom
import pytest
from pydicom.uid import generate_uid

# Which option makes storescu propose the file's syntax (dcmtk 3.6.7, storescu.1).
OPTIONS = {
    "1.2.840.10008.1.2": "-xi",
    "1.2.840.10008.1.2.1": "-xe",
    "1.2.840.10008.1.2.2": "-xb",
    "1.2.840.10008.1.2.1.99": "-xd",
    "1.2.840.10008.1.2.4.50": "-xy",
    "1.2.840.10008.1.2.4.51": "-xx",
    "1.2.840.10008.1.2.4.70": "-xs",
    "1.2.840.10008.1.2.4.80": "-xt",
    "1.2.840.10008.1.2.4.81": "-xu",
    "1.2.840.10008.1.2.4.90": "-xv",
    "1.2.840.10008.1.2.4.91": "-xw",
    "1.2.840.10008.1.2.5": "-xr",
}


def _copies(directory, sources):
    """Each file under UIDs of its own (the sources share theirs), by option."""
    by_option = {}
    for number, source in enumerate(sources):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ds = pydicom.dcmread(source, force=True)
        option = OPTIONS.get(ds.file_meta.get("TransferSyntaxUID", ""))
        if option is None or "StudyInstanceUID" not in ds:
            continue
        ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        path = directory / f"{number:03d}.dcm"
        ds.save_as(path)
        by_option.setdefault(option, []).append((path, ds.StudyInstanceUID))
    return by_option


def _assert_same(part10, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got, sent = pydicom.dcmread(BytesIO(part10)), pydicom.dcmread(path)
        for element in sent:
            if element.tag.element != 0 and element.keyword != "DataSetTrailingPadding":
                assert got[element.tag].value == element.value, f"{path.name}: {element.name}"
    assert got.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID


def _single_part(response):
    boundary = response.headers["content-type"].partition("boundary=")[2].partition(";")[0]
    body = response.content.partition(b"\r\n\r\n")[2]
    return body[: body.rindex(b"\r\n--" + boundary.strip('"').encode())]


@pytest.mark.req("ARC-4.1", "ARC-5.7", part=True)
def test_dcmtk_sends_every_syntax_and_gets_the_same_images_back(
    tmp_path, shared_data, send, portal
):
    sources = sorted(p for p in (shared_data / "transfer_syntax").rglob("*") if p.is_file())
    by_option = _copies(tmp_path, sources)
    assert set(by_option) == set(OPTIONS.values())
    for option, files in by_option.items():
        result = send([path for path, _ in files], "CT_A", option)
        assert result.returncode == 0, f"{option}: {result.stdout[-500:]}{result.stderr[-500:]}"
    client = portal("radiologist").dicomweb()
    for files in by_option.values():
        for path, study in files:
            answer = _when_there(client, f"/studies/{study}")
            _assert_same(_single_part(answer), path)


def _when_there(client, path, seconds=10):
    deadline = time.monotonic() + seconds
    while True:
        answer = client.get(path, headers={"Accept": 'multipart/related; type="application/dicom"'})
        if answer.status_code == 200 or time.monotonic() > deadline:
            answer.raise_for_status()
            return answer
        time.sleep(0.1)
