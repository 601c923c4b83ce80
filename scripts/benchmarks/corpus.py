"""CT instances to send, and dcmtk's storescu to send them with."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
from pydicom.uid import generate_uid

from benchmarks.product import MODALITY

COUNT = 300


@contextmanager
def fresh_study(corpus: list[Path]) -> Iterator[list[Path]]:
    """COUNT instances of 512 × 512 CT that nobody has yet, of one new study."""
    with tempfile.TemporaryDirectory() as directory:
        study, series = generate_uid(), generate_uid()
        files = []
        for number in range(COUNT):
            ds = pydicom.dcmread(corpus[number % len(corpus)])
            ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            path = Path(directory) / f"{number}.dcm"
            ds.save_as(path)
            files.append(path)
        yield files


def send(files: list[Path], port: int, associations: int) -> None:
    """dcmtk's storescu, as a modality would."""
    senders = [
        subprocess.Popen(
            [
                "storescu",
                "-aet",
                MODALITY,
                "-aec",
                "YUNYING",
                "127.0.0.1",
                str(port),
                *map(str, part),
            ]
        )
        for part in (files[first::associations] for first in range(associations))
    ]
    codes = [sender.wait() for sender in senders]
    if any(codes):
        raise RuntimeError(f"storescu failed: {codes}")
