"""Errors as they leave the node: a status, a code that the viewer knows, one sentence."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dicom_node import log


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


def response(problem: Problem) -> Response:
    body: dict[str, Any] = {"error": problem.code, "message": problem.message}
    headers = dict(problem.headers)
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    if problem.status == 503:
        headers["Retry-After"] = "1"
    return Response(json.dumps(body), problem.status, headers, "application/json")


async def handle(_request: Request, error: Exception) -> Response:
    """For `Problem` alone."""
    return response(error if isinstance(error, Problem) else unavailable("Something failed."))


async def handle_unreadable(_request: Request, error: Exception) -> Response:
    """A stored file that the index knows, and that cannot be read now."""
    log.get().error("object_unreadable", error=type(error).__name__, detail=str(error)[:300])
    return response(unavailable("The stored object cannot be read."))


async def handle_no_route(_request: Request, _error: Exception) -> Response:
    return response(Problem(404, "not_found", "There is nothing at this address."))


async def handle_method(_request: Request, _error: Exception) -> Response:
    return response(Problem(405, "bad_request", "This method is not answered here."))
