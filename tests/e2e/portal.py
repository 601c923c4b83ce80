"""A signed-in user of the portal, over HTTP as a browser would be."""

from __future__ import annotations

import time
from typing import Any

import httpx

PASSWORD = "yunying-demo"
DATABASE = "yunying"


class RefusedError(Exception):
    """The portal answered with an error; the text is its message."""


class Portal:
    """A session of one login."""

    def __init__(self, origin: str, login: str) -> None:
        self.origin = origin
        self.http = httpx.Client(base_url=origin, timeout=60)
        self.call("/web/session/authenticate", db=DATABASE, login=login, password=PASSWORD)

    def call(self, path: str, **parameters: Any) -> Any:
        """One JSON-RPC call of a route."""
        answer = self.http.post(
            path, json={"jsonrpc": "2.0", "method": "call", "params": parameters}
        ).json()
        if "error" in answer:
            raise RefusedError(answer["error"]["data"]["message"])
        return answer["result"]

    def model(self, model: str, method: str, *arguments: Any, **keywords: Any) -> Any:
        """One call of a model's method."""
        return self.call(
            f"/web/dataset/call_kw/{model}/{method}",
            model=model,
            method=method,
            args=list(arguments),
            kwargs=keywords,
        )

    def studies(self, *domain: Any, fields: tuple[str, ...] = ("id",)) -> list[dict[str, Any]]:
        """The studies that this user finds."""
        return self.model("imaging.study", "search_read", list(domain), list(fields))

    def study_uid(self, accession: str) -> str:
        """The UID of the one study of an accession number."""
        (row,) = self.studies(["accession_number", "=", accession], fields=("study_uid",))
        return row["study_uid"]

    def wait_for(self, study_uid: str, instances: int, seconds: float = 30) -> None:
        """Return when the portal lists the study with so many instances."""
        whole = ["study_uid", "=", study_uid], ["instance_count", "=", instances]
        deadline = time.monotonic() + seconds
        while not self.studies(*whole):
            assert time.monotonic() < deadline, "the portal lists the study"
            time.sleep(0.2)

    def ticket(self, study_uid: str | None = None, *, anonymous: bool = False) -> str:
        return self.call("/imaging/ticket", study_uid=study_uid, anonymous=anonymous)["ticket"]

    def dicomweb(self, study_uid: str | None = None, *, anonymous: bool = False) -> httpx.Client:
        """A DICOMweb client under a fresh ticket."""
        token = self.ticket(study_uid, anonymous=anonymous)
        return httpx.Client(
            base_url=f"{self.origin}/dicom-web",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
