"""Instances and where their bytes lie, as the index tells."""

from dataclasses import dataclass
from typing import LiteralString

from dicom_node.dataset.frames import Fragments, unpack


@dataclass(frozen=True, slots=True)
class Located:
    """An instance and where its bytes lie."""

    id: int
    study: str
    series: str
    sop: str
    sop_class: str
    syntax: str
    key: str
    size: int
    dataset_offset: int
    rows: int | None
    columns: int | None
    frames: int
    pixel_offset: int | None
    frame_length: int | None
    fragment_lengths: bytes | None
    frame_starts: bytes | None
    image: bool
    withheld: bool
    location: str = "local"

    def spans(self, frame: int) -> list[tuple[int, int]]:
        """(offset, length) of the pieces of *frame*, from 1; raise LookupError when not there."""
        if not 1 <= frame <= self.frames or self.pixel_offset is None:
            raise LookupError("no such frame")
        if self.frame_length is not None:
            return [(self.pixel_offset + (frame - 1) * self.frame_length, self.frame_length)]
        lengths = unpack(self.fragment_lengths or b"")
        starts = range(len(lengths)) if self.frame_starts is None else unpack(self.frame_starts)
        if frame > len(starts):
            raise LookupError("no such frame")
        return Fragments(self.pixel_offset, lengths, starts).parts(frame - 1)


LOCATED: LiteralString = """
SELECT i.id, t.study_uid AS study, s.series_uid AS series, i.sop_uid AS sop, i.sop_class,
    i.transfer_syntax AS syntax, i.object_key AS key, i.size, i.dataset_offset,
    i.row_count AS rows, i.column_count AS columns, i.frame_count AS frames, i.pixel_offset,
    i.frame_length, i.fragment_lengths, i.frame_starts, i.image, i.withheld, i.location
FROM archive.instance i JOIN archive.series s ON s.id = i.series_id
JOIN archive.study t ON t.id = s.study_id
WHERE """
ORDER: LiteralString = " ORDER BY s.number NULLS LAST, s.id, i.number NULLS LAST, i.id"
