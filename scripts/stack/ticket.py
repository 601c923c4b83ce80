"""A ticket for a command-line tool, from the portal, as its user."""

from __future__ import annotations

import http.cookiejar
import json
import os
import urllib.error
import urllib.request
from typing import Any

from stack.postgres import PORTAL_DATABASE
from stack.problem import Problem
from stack.settings import Settings


def fetch(settings: Settings, login: str, study: str | None, *, anonymous: bool) -> str:
    """Log in and ask for a ticket; the password is ``$YUNYING_PASSWORD`` or the demonstration's."""
    opener = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )
    password = os.environ.get("YUNYING_PASSWORD", "yunying-demo")
    credentials = {"db": PORTAL_DATABASE, "login": login, "password": password}
    _call(opener, settings.origin + "/web/session/authenticate", credentials)
    answer = _call(
        opener, settings.origin + "/imaging/ticket", {"study_uid": study, "anonymous": anonymous}
    )
    return str(answer["ticket"])


def _call(opener: urllib.request.OpenerDirector, url: str, parameters: dict[str, Any]) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": parameters}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
    try:
        with opener.open(request, timeout=30) as response:
            answer = json.load(response)
    except urllib.error.URLError as error:
        raise Problem(f"{url}: {error}; is the product running (scripts/status)?") from error
    if "error" in answer:
        data = answer["error"].get("data", {})
        raise Problem(data.get("message") or answer["error"].get("message") or "refused")
    return answer["result"]
