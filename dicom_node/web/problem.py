"""Errors as they leave the node: a status, a code that the viewer knows, one sentence."""

from collections.abc import Mapping


class Problem(Exception):
    """An answer that is no success. ``message`` never quotes what came from outside."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


def not_found() -> Problem:
    """The same for what is not there and what is not in the ticket's scope."""
    return Problem(404, "not_found", "There is no such object, or the ticket does not cover it.")


def withheld() -> Problem:
    return Problem(403, "withheld", "The picture may show the patient's name and is withheld.")


def bad_request(message: str) -> Problem:
    return Problem(400, "bad_request", message)


def unavailable(message: str) -> Problem:
    return Problem(503, "unavailable", message)


def overloaded() -> Problem:
    return Problem(503, "overloaded", "Too many pictures are waiting to be drawn.")


def unsupported(message: str) -> Problem:
    return Problem(406, "unsupported_transfer_syntax", message)
