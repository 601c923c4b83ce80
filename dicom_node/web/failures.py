"""How a `Problem`, and whatever else goes wrong, is answered over HTTP."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dicom_node import log
from dicom_node.web.problem import Problem, unavailable


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
