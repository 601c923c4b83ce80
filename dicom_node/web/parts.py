"""The parts of a multipart body (RFC 2046, RFC 2387), told piece by piece while it comes in."""

from collections.abc import Callable, Mapping

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser

MAX_HEADERS = 16
MAX_HEADER = 4096


class BodyError(Exception):
    """The body is not what its Content-Type says; the message says in what."""


def media_type(headers: Mapping[bytes, str]) -> str:
    """Of a part, without parameters; empty when it has none."""
    return headers.get(b"content-type", "").partition(";")[0].strip().lower()


class Parts:
    """Calls ``begin`` with a part's headers (names in lower case), ``data`` for what it holds and
    ``end`` behind it. ``opening`` is called before the headers are read."""

    def __init__(
        self,
        boundary: str,
        *,
        opening: Callable[[], None],
        begin: Callable[[Mapping[bytes, str]], None],
        data: Callable[[bytes], None],
        end: Callable[[], None] = lambda: None,
    ) -> None:
        self._opening = opening
        self._begin = begin
        self._data = data
        self._headers: dict[bytes, str] = {}
        self._field = self._value = b""
        self._ended = False
        self._parser = MultipartParser(
            boundary.encode("latin-1", "replace"),
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._on_field,
                "on_header_value": self._on_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._on_data,
                "on_part_end": end,
                "on_end": self._end,
            },
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER,
        )

    def write(self, data: bytes) -> None:
        """Raises `BodyError`, and what the calls raise."""
        try:
            self._parser.write(data)
        except MultipartParseError as error:
            raise BodyError("The body is no multipart body.") from error

    def finish(self) -> None:
        """All has come; raises `BodyError` when that is not the end."""
        if not self._ended:
            raise BodyError("The body ends before its last boundary.")

    def _begin_part(self) -> None:
        self._opening()
        self._headers = {}
        self._field = self._value = b""

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._field.strip().lower()] = self._value.decode("latin-1").strip()
        self._field = self._value = b""

    def _end_headers(self) -> None:
        self._begin(self._headers)

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self._data(data[start:end])

    def _end(self) -> None:
        self._ended = True
