"""The library dicomweb-client, as it comes, does its work against the node."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient
from dicomweb_client.session_utils import create_session
from PIL import Image
from pydicom.dataset import Dataset
from requests import HTTPError

from . import samples
from .stack import Stack
from .test_stow import file_of, image
from .test_syntaxes import TWELVE, frames_in, message_in

# JPEG extended of 12 bits: no decoder of the node's draws it, and the answer says so.
TWELVE_BITS = "1.2.840.10008.1.2.4.51"


@pytest.fixture
def client(stack: Stack) -> DICOMwebClient:
    token = stack.ticket(scope={"hospitals": ["H001"]}, perms=["store", "view", "download"])
    session = create_session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {token}"
    return DICOMwebClient(f"http://127.0.0.1:{stack.web_port}/dicom-web", session=session)


def read(content: bytes) -> Dataset:
    return pydicom.dcmread(BytesIO(content))


def stored(stack: Stack, client: DICOMwebClient, datasets: list[Dataset]) -> None:
    answer = client.store_instances(datasets)
    assert len(answer.ReferencedSOPSequence) == len(datasets)
    stack.wait_archived()


def sops(found: Any) -> list[str]:
    return [str(one.SOPInstanceUID) for one in found]


@pytest.fixture
def series(stack: Stack, client: DICOMwebClient) -> list[Dataset]:
    datasets = [read(file_of(samples.message(one))) for one in samples.slices(3)]
    stored(stack, client, datasets)
    return datasets


def test_it_stores_and_searches(stack: Stack, client: DICOMwebClient) -> None:
    datasets = [read(image()[1]) for _ in range(3)]
    stored(stack, client, datasets)
    assert len(client.search_for_studies(search_filters={"PatientID": "P100"})) == 3
    assert len(client.search_for_studies(limit=1, offset=1, fields=["StudyDescription"])) == 1
    assert client.search_for_studies(search_filters={"PatientID": "NOBODY"}) == []
    assert len(client.search_for_series(search_filters={"Modality": "CT"})) == 3
    for dataset in datasets:
        study = dataset.StudyInstanceUID
        (row,) = client.search_for_series(study)
        assert row["0020000E"]["Value"] == [dataset.SeriesInstanceUID]
        (row,) = client.search_for_instances(study)
        assert row["00080018"]["Value"] == [dataset.SOPInstanceUID]
        (row,) = client.search_for_instances(study, dataset.SeriesInstanceUID)
        assert row["00080018"]["Value"] == [dataset.SOPInstanceUID]


def test_it_fetches_studies_series_and_their_metadata(
    client: DICOMwebClient, series: list[Dataset]
) -> None:
    study, one = series[0].StudyInstanceUID, series[0].SeriesInstanceUID
    for found in (
        client.retrieve_study(study),
        client.iter_study(study),
        client.retrieve_series(study, one),
        client.iter_series(study, one),
    ):
        assert sops(found) == sops(series)
    for metadata in (
        client.retrieve_study_metadata(study),
        client.retrieve_series_metadata(study, one),
    ):
        assert sops(map(Dataset.from_json, metadata)) == sops(series)


def test_it_follows_bulk_data(stack: Stack, client: DICOMwebClient, series: list[Dataset]) -> None:
    uids = (series[0].StudyInstanceUID, series[0].SeriesInstanceUID, series[0].SOPInstanceUID)
    address = client.retrieve_instance_metadata(*uids)["7FE00010"]["BulkDataURI"]
    local = f"http://127.0.0.1:{stack.web_port}{address[address.index('/dicom-web') :]}"
    assert client.retrieve_bulkdata(local) == [series[0].PixelData]


def test_it_fetches_pictures(client: DICOMwebClient, series: list[Dataset]) -> None:
    uids = (series[0].StudyInstanceUID, series[0].SeriesInstanceUID, series[0].SOPInstanceUID)
    for kind in ("jpeg", "png"):
        kinds = (f"image/{kind}",)
        for content in (
            client.retrieve_instance_rendered(*uids, media_types=kinds),
            client.retrieve_instance_frames_rendered(*uids, [1], media_types=kinds),
        ):
            picture = Image.open(BytesIO(content))
            assert (picture.format, picture.size) == (kind.upper(), (16, 16))
    small = client.retrieve_instance_rendered(
        *uids, media_types=("image/png",), params={"viewport": "8,8", "window": "100,200"}
    )
    assert np.asarray(Image.open(BytesIO(small))).shape == (8, 8)
    content = client.retrieve_series_rendered(*uids[:2], media_types=("image/jpeg",))
    assert content.count(b"Content-Type: image/jpeg") == len(series)


@pytest.mark.req("ARC-4.1", part=True)
@pytest.mark.parametrize("syntax", TWELVE)
def test_it_stores_and_fetches_every_syntax(
    stack: Stack, client: DICOMwebClient, syntax: str, tmp_path: Path
) -> None:
    message = message_in(syntax, tmp_path)
    sent = read(file_of(message))
    answer = client.store_instances([sent])
    (item,) = answer.ReferencedSOPSequence
    stack.wait_archived()
    # One of them names neither its study nor its series: the answer says where it is found.
    uids = item.RetrieveURL.split("/")[-5::2]
    (row,) = client.search_for_instances(*uids[:2])
    assert row["00080018"]["Value"] == [uids[2]]
    found = client.retrieve_instance(*uids, media_types=(("application/dicom", "*"),))
    assert found.file_meta.TransferSyntaxUID == syntax
    assert found == sent
    metadata = client.retrieve_instance_metadata(*uids)
    assert metadata["00080018"]["Value"] == [item.ReferencedSOPInstanceUID]
    expected = frames_in(message)
    numbers = list(range(1, len(expected) + 1))
    kinds = (("application/octet-stream", "*"),)
    assert client.retrieve_instance_frames(*uids, numbers, media_types=kinds) == expected
    assert list(client.iter_instance_frames(*uids, numbers, media_types=kinds)) == expected
    if syntax == TWELVE_BITS:
        with pytest.raises(HTTPError, match="406"):
            client.retrieve_instance_rendered(*uids)
        return
    drawn = Image.open(BytesIO(client.retrieve_instance_rendered(*uids)))
    assert drawn.size == (sent.Columns, sent.Rows)
