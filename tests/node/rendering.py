"""A phantom that is different on every side, and a reader of `dicom-node render`."""

import io
import json
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from dicom_node.render.space import Grid
from dicom_node.render.volume import Level, Volume, _factors, _mean

from . import samples
from .sender import send
from .stack import Stack

AIR, BODY = -1000, 40
# A ball at the left hand, one in front, one at the head; none on the other sides.
MARKS = {
    "L": ((42.0, 0.0, 0.0), 7.0, 500),
    "A": ((0.0, -38.0, 0.0), 8.0, 700),
    "H": ((0.0, 0.0, 34.0), 9.0, 900),
}
AXIAL = (1, 0, 0, 0, 1, 0)
SAGITTAL = (0, 1, 0, 0, 0, -1)
CORONAL = (1, 0, 0, 0, 0, -1)


def phantom(points: NDArray[np.float64]) -> NDArray[np.int16]:
    """The values in points of the patient, of shape (…, 3): a body with `MARKS`, in air."""
    inside = (points / np.array([60, 55, 50])) ** 2
    values = np.where(inside.sum(axis=-1) < 1, BODY, AIR).astype(np.int16)
    for centre, radius, value in MARKS.values():
        values[np.linalg.norm(points - np.array(centre), axis=-1) < radius] = value
    return values


def grid(
    orientation: Sequence[float], size: tuple[int, int, int], steps: tuple[float, float, float]
) -> Grid:
    """About the origin; *steps* are millimetres between columns, rows and slices."""
    row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)
    directions = np.array([row, column, np.cross(row, column)])
    along = directions * np.array(steps)[:, None]
    return Grid(size, -((np.array(size) - 1) / 2) @ along, along)


def sampled(on: Grid) -> NDArray[np.int16]:
    """The phantom's values on a grid, of shape (slices, rows, columns)."""
    columns, rows, slices = (np.arange(count) for count in on.size)
    z, y, x = np.meshgrid(slices, rows, columns, indexing="ij")
    return phantom(on.origin + np.stack([x, y, z], axis=-1) @ on.steps)


def volume(on: Grid, voxels: NDArray[Any], unit: str = "HU") -> Volume:
    """As `dicom_node.render.volume.build` makes it."""
    levels = [Level(on, voxels)]
    while len(levels) < 3:
        above = levels[-1]
        factors = _factors(above.grid)
        below = above.grid.coarser(factors)
        blocks = [
            _mean(above.voxels[at * factors[2] : (at + 1) * factors[2]], factors[0], factors[1])
            for at in range(below.size[2])
        ]
        levels.append(Level(below, np.array(blocks, above.voxels.dtype)))
    least, greatest = float(voxels.min()), float(voxels.max())
    return Volume(tuple(levels), least, greatest, (least, greatest), unit, None, False, 1)


def series(
    on: Grid, voxels: NDArray[Any] | None = None, *, backwards: bool = False, **values: Any
) -> list[Dataset]:
    """The phantom, or *voxels*, as images with a slope of 1 and an intercept of -1024."""
    stored = ((sampled(on) if voxels is None else voxels) + 1024).astype("<u2")
    directions = on.directions
    described = {
        "ImageOrientationPatient": [*directions[0].tolist(), *directions[1].tolist()],
        "PixelSpacing": [float(on.spacing[1]), float(on.spacing[0])],
        "RescaleSlope": 1, "RescaleIntercept": -1024, "RescaleType": "HU",
        "FrameOfReferenceUID": samples.uid(), "Rows": on.size[1], "Columns": on.size[0],
        "WindowCenter": 40, "WindowWidth": 400,
        "StudyInstanceUID": samples.uid(), "SeriesInstanceUID": samples.uid(),
    }  # fmt: skip
    found = []
    for number in range(on.size[2]):
        position = on.origin + number * on.steps[2]
        place = {
            "ImagePositionPatient": [round(float(part), 6) for part in position],
            "InstanceNumber": on.size[2] - number if backwards else number + 1,
            "PixelData": stored[number].tobytes(),
        }
        found.append(samples.image(**described | place | values))
    return found


def archived(stack: Stack, datasets: list[Dataset]) -> Dataset:
    """Have *datasets* in the archive; the first of them."""
    answers = send(stack.dicom_port, [samples.message(one) for one in datasets], "CT_A")
    assert all(answer and answer.status == 0 for answer in answers)
    stack.wait_archived()
    return datasets[0]


def workers(stack: Stack) -> list[int]:
    """The processes that draw: those in which VTK is loaded."""
    gateway = stack.processes["render"].pid
    found = []
    for task in Path(f"/proc/{gateway}/task").iterdir():
        for child in (task / "children").read_text().split():
            if "vtkRenderingVolume" in Path(f"/proc/{child}/maps").read_text():
                found.append(int(child))
    return found


@dataclass
class Frame:
    about: dict[str, Any]
    data: bytes

    @property
    def pixels(self) -> NDArray[np.uint8]:
        return np.asarray(Image.open(io.BytesIO(self.data)))

    def at(self, point: Sequence[float]) -> tuple[int, int]:
        """The row and column at which a point of the patient is seen."""
        offset = np.array(point) - np.array(self.about["centre"])
        x, y = (
            float(offset @ np.array(self.about[axis])) / self.about["pixel"] + self.about[side] / 2
            for axis, side in (("right", "width"), ("down", "height"))
        )
        return int(y), int(x)


class Ended(Exception):
    """The node ended the session; ``code`` is of its error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Reader:
    """Says what it is told to and takes what comes."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.seq = 0
        self.opened: dict[str, Any] = {}
        self.heard: list[dict[str, Any]] = []

    def say(self, kind: str, **content: Any) -> int:
        message = {"type": kind, **content}
        if kind not in ("open", "ticket", "shown", "hide", "cancel"):
            self.seq += 1
            message.setdefault("seq", self.seq)
        self.connection.send(json.dumps(message))
        return self.seq

    def next(self, seconds: float = 20) -> dict[str, Any] | Frame:
        """What comes next; frames are told to have been shown."""
        try:
            raw = self.connection.recv(timeout=seconds)
        except ConnectionClosed as closed:
            errors = [one for one in self.heard if one["type"] == "error"]
            last = errors[-1] if errors else {"code": "", "message": str(closed)}
            raise Ended(last["code"], last["message"]) from closed
        if isinstance(raw, bytes):
            (length,) = struct.unpack_from("<I", raw)
            about = json.loads(raw[4 : 4 + length])
            self.say("shown", number=about["number"])
            return Frame(about, raw[4 + length :])
        message: dict[str, Any] = json.loads(raw)
        self.heard.append(message)
        return message

    def wait(self, kind: str, seconds: float = 20) -> dict[str, Any]:
        """The next message of a kind; others are passed over, an error is raised."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.next(max(0.01, deadline - time.monotonic()))
            if isinstance(found, Frame):
                continue
            if found["type"] == kind:
                return found
            if found["type"] == "error":
                raise Ended(found["code"], found["message"])

    def open(self, ticket: str, study: str, series_uid: str, **more: Any) -> dict[str, Any]:
        self.say("open", ticket=ticket, study=study, series=series_uid, **more)
        self.opened = self.wait("opened", 60)
        return self.opened

    def frame(self, seq: int, *, sharp: bool = True, seconds: float = 20) -> Frame:
        """The picture that shows *seq*: the fine one, or the first."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.next(max(0.01, deadline - time.monotonic()))
            if isinstance(found, Frame):
                if found.about["seq"] >= seq and (found.about["sharp"] or not sharp):
                    return found
            elif found["type"] == "error":
                raise Ended(found["code"], found["message"])

    def show(self, *, sharp: bool = True, **changes: Any) -> Frame:
        return self.frame(self.say("view", **changes), sharp=sharp)


@contextmanager
def reader(stack: Stack, **headers: str) -> Iterator[Reader]:
    address = f"ws://127.0.0.1:{stack.render_port}/render/"
    with connect(address, additional_headers=headers, max_size=1 << 24, proxy=None) as connection:
        yield Reader(connection)


@contextmanager
def opened(stack: Stack, dataset: Dataset, **claims: Any) -> Iterator[Reader]:
    """A reader with the series of *dataset* open."""
    study = str(dataset.StudyInstanceUID)
    ticket = stack.ticket(**{"scope": {"studies": [study]}, "perms": ["render"], **claims})
    with reader(stack) as one:
        one.open(ticket, study, str(dataset.SeriesInstanceUID))
        yield one
