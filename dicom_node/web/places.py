"""Where frames lie in the stored files, told to the web server before us, which sends them itself.

nginx asks here under the reader's own ticket (config/frames.lua); it never passes on an address
from outside to these routes. What is not listed is asked of the DICOMweb service as ever: frames
in several pieces, within a deflated data set, in another store, or in need of a closer look under
an anonymous ticket.
"""

from collections.abc import Iterator, Sequence

from dicom_node.archive.located import Located
from dicom_node.dataset.syntax import SYNTAXES

MAX_LINES = 20_000


def lines(instances: Sequence[Located], *, anon: bool) -> Iterator[str]:
    """``<SOP Instance UID> <frame | *> <frames> <offset> <length> <syntax> <key>``.

    ``*`` says that all frames follow each other from *offset* on, each of *length* bytes.
    """
    listed = 0
    for instance in instances:
        for line in _of_instance(instance, anon=anon):
            listed += 1
            if listed > MAX_LINES:
                return
            yield line


def _of_instance(instance: Located, *, anon: bool) -> Iterator[str]:
    syntax = SYNTAXES[instance.syntax]
    if instance.location != "local" or syntax.deflated or not instance.frames:
        return
    if instance.pixel_offset is None:
        return
    if instance.frame_length is not None:
        place = (instance.pixel_offset, instance.frame_length)
        yield _line(instance, "*", place)
    elif not anon:
        for frame in range(1, min(instance.frames, MAX_LINES) + 1):
            try:
                spans = instance.spans(frame)
            except LookupError:
                return
            if len(spans) == 1:
                yield _line(instance, str(frame), spans[0])


def _line(instance: Located, frame: str, place: tuple[int, int]) -> str:
    offset, length = place
    return (
        f"{instance.sop} {frame} {instance.frames} {offset} {length}"
        f" {instance.syntax} {instance.key}\n"
    )
