"""An instance under another SOP Instance UID, which says what it was before (PS3.3 C.12.1.1.9)."""

import os
from datetime import UTC, datetime
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from dicom_node.spool import durable

SYSTEM = "YUNYING"


def renamed(source: Path, target: Path, uid: str, at: datetime) -> None:
    """Write *source* to *target* as the instance *uid*, durably; pixel data as it is.

    *at* is the moment on record; the same arguments give the same bytes.

    Original Attributes Sequence (0400,0561) names the former UID, so that the series still shows
    which image was sent twice with different content.
    """
    dataset = dcmread(source, force=True)
    before = Dataset()
    before.SOPInstanceUID = dataset.get("SOPInstanceUID", "")
    item = Dataset()
    item.SourceOfPreviousValues = ""
    item.AttributeModificationDateTime = at.astimezone(UTC).strftime("%Y%m%d%H%M%S.%f+0000")
    item.ModifyingSystem = SYSTEM
    item.ReasonForTheAttributeModification = "COERCE"
    item.ModifiedAttributesSequence = Sequence([before])
    earlier = list(dataset.get("OriginalAttributesSequence") or [])
    dataset.OriginalAttributesSequence = Sequence([*earlier, item])
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID(uid)
    with target.open("wb") as stream:
        dataset.save_as(stream, enforce_file_format=True)
        stream.flush()
        os.fdatasync(stream.fileno())
    durable.sync_directory(target.parent)
