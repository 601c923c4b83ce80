"""CT instances to send, and what sends them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
from pydicom.uid import generate_uid

from benchmarks.product import MODALITY

COUNT, FRAMES = 300, 600
# Multi-frame Grayscale Word Secondary Capture.
MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.7.3"
Sender = Callable[[list[Path], int], list[str]]


@contextmanager
def fresh_study(corpus: list[Path], count: int = COUNT) -> Iterator[list[Path]]:
    """So many instances of 512 × 512 CT that nobody has yet, of one new study."""
    with tempfile.TemporaryDirectory() as directory:
        study, series = generate_uid(), generate_uid()
        files = []
        for number in range(count):
            ds = pydicom.dcmread(corpus[number % len(corpus)])
            ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            path = Path(directory) / f"{number}.dcm"
            ds.save_as(path)
            files.append(path)
        yield files


@contextmanager
def multi_frame(corpus: list[Path]) -> Iterator[Path]:
    """One instance of FRAMES frames of 512 × 512, 314 MB."""
    with tempfile.TemporaryDirectory() as directory:
        ds = pydicom.dcmread(corpus[0])
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = MULTI_FRAME
        ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.NumberOfFrames = FRAMES
        ds.PixelData = ds.PixelData * FRAMES
        path = Path(directory) / "multi.dcm"
        ds.save_as(path)
        yield path


def storescu(files: list[Path], port: int) -> list[str]:
    """dcmtk's own sender, with Nagle's algorithm."""
    return [
        "storescu", "-aet", MODALITY, "-aec", "YUNYING", "127.0.0.1", str(port), *map(str, files),
    ]  # fmt: skip


def nodelay(files: list[Path], port: int, calling: str = MODALITY) -> list[str]:
    """A sender with TCP_NODELAY."""
    return [sys.executable, "-m", "benchmarks.nodelay", str(port), calling, *map(str, files)]


def send(files: list[Path], port: int, associations: int, sender: Sender = storescu) -> None:
    """Send everything over that many associations at once, as modalities would."""
    senders = [
        subprocess.Popen(sender(part, port))
        for part in (files[first::associations] for first in range(associations))
    ]
    codes = [process.wait() for process in senders]
    if any(codes):
        raise RuntimeError(f"the senders failed: {codes}")
