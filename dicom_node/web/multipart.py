"""multipart/related bodies (RFC 2387, DICOM PS3.18 section 8.6.1.2)."""

import secrets
from collections.abc import Iterable, Sequence

from dicom_node.web.pieces import Piece


class Multipart:
    """Parts between boundaries of 128 random bits, which no data holds but by a miracle."""

    def __init__(self, part_type: str) -> None:
        self.boundary = secrets.token_hex(16)
        self.part_type = part_type

    @property
    def media_type(self) -> str:
        return f'multipart/related; type="{self.part_type}"; boundary={self.boundary}'

    def opening(self, headers: Iterable[tuple[str, str]], *, first: bool) -> bytes:
        """What goes before a part's body."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        before = "" if first else "\r\n"
        return f"{before}--{self.boundary}\r\n{lines}\r\n".encode("latin-1")

    def closing(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()

    def assemble(
        self, parts: Sequence[tuple[Sequence[tuple[str, str]], Sequence[Piece]]]
    ) -> list[Piece]:
        """The whole body of at least one part, each given by its headers and its pieces."""
        pieces: list[Piece] = []
        for number, (headers, body) in enumerate(parts):
            pieces.append(self.opening(headers, first=number == 0))
            pieces.extend(body)
        pieces.append(self.closing())
        return pieces
