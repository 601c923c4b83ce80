"""The one HTTP client to the portal (Odoo's ``/json/2`` API)."""

from pathlib import Path
from typing import Any

import httpx

CONFIGURATION = "/json/2/imaging.node/configuration"
EVENTS = "/json/2/imaging.study/receive_events"
REPORT = "/json/2/imaging.node/report"
TICKET = "/json/2/imaging.node/ticket"
MAX_ANSWER = 8 << 20


class PortalError(Exception):
    """The portal did not do what was asked; ``status`` is 0 when it was not reached."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Portal:
    """Calls with the node's API key, which is read anew each time: it may be written or changed."""

    def __init__(self, url: str, database: str, api_key_file: Path) -> None:
        self._database = database
        self._api_key_file = api_key_file
        # The portal is on this machine or a configured one: no proxy of the environment between.
        self._client = httpx.Client(
            base_url=url, timeout=httpx.Timeout(20, connect=3), trust_env=False
        )

    def configuration(self) -> bytes:
        """The node's configuration, a JSON document as it came."""
        return self._post(CONFIGURATION, {}).content

    def deliver(self, events: list[dict[str, Any]]) -> tuple[set[int], dict[int, str]]:
        """Send *events*; return the ids accepted, and the errors of those refused."""
        response = self._post(EVENTS, {"events": events})
        try:
            answer = response.json()
            accepted = {int(number) for number in answer["accepted"]}
            refused = {int(entry["id"]): str(entry["error"]) for entry in answer["refused"]}
        except (ValueError, KeyError, TypeError) as error:
            raise PortalError(f"answer to events not understood: {error!r}") from error
        return accepted, refused

    def report(self, process: str, report: dict[str, Any]) -> None:
        """Tell how *process* is."""
        self._post(REPORT, {"process": process, "report": report})

    def ticket(self) -> tuple[str, float]:
        """A front end's ticket for its upload, and how many seconds it lives."""
        try:
            answer = self._post(TICKET, {}).json()
            return str(answer["ticket"]), float(answer["expires_in"])
        except (ValueError, KeyError, TypeError) as error:
            raise PortalError(f"answer to a ticket not understood: {error!r}") from error

    def close(self) -> None:
        self._client.close()

    def _post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        try:
            key = self._api_key_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise PortalError(f"API key: {error}") from error
        headers = {"Authorization": f"Bearer {key}", "X-Odoo-Database": self._database}
        try:
            response = self._client.post(path, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise PortalError(f"not reached: {type(error).__name__}: {error}") from error
        if response.status_code != httpx.codes.OK:
            raise PortalError(f"HTTP {response.status_code} from {path}", response.status_code)
        if len(response.content) > MAX_ANSWER:
            raise PortalError(f"answer of {path} is longer than {MAX_ANSWER} bytes")
        return response
