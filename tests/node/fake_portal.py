"""A portal for tests: strict about what the node sends, as docs/architecture.md has it."""

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

API_KEY = "test-key-of-the-node"
DATABASE = "yunying-test"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d\d:\d\d:\d\d")
_HOSPITAL = re.compile(r"[A-Z0-9_-]{1,16}")
_FIELDS = {
    "study": {
        "uid": str, "hospital": str, "revision": int, "patient": dict, "accession_number": str,
        "study_id": str, "date": (str, type(None)), "time": (str, type(None)), "description": str,
        "modalities": list, "body_parts": list, "referring_physician": str, "station_name": str,
        "calling_ae": str, "series_count": int, "instance_count": int, "duplicate_count": int,
        "size": int, "first_received": str, "last_received": str, "location": str,
        "completeness": dict,
    },
    "quarantine": {
        "key": str, "hospital": str, "calling_ae": str, "address": str, "reason": str,
        "detail": str, "study_uid": str, "sop_instance_uid": str, "size": int, "sha256": str,
    },
    "access": {
        "ticket": str, "subject": str, "purpose": str, "study_uid": str, "action": str,
        "address": str,
    },
    "quarantine_result": {"key": str, "outcome": str, "detail": str},
    "retrieval": {
        "id": int, "state": str, "found": int, "done": int, "failed": int, "instances": int,
        "missing": list, "error": str,
    },
    "disposal": {"id": int, "study_uid": str, "instances": int, "size": int, "error": str},
    "damage": {
        "hospital": str, "study_uid": str, "sop_instance_uid": str, "object_key": str,
        "detail": str,
    },
    "volume": {"day": str, "hospital": str, "modality": str, "instances": int, "size": int},
    "rejection": {"calling_ae": str, "called_ae": str, "address": str, "reason": str},
}  # fmt: skip
_REPORTS = {
    "receive": (
        "associations", "max_associations", "refusing", "received", "rejected", "devices",
        "restarts", "last_exit",
    ),
    "archive": (
        "spool_count", "spool_size", "spool_oldest", "outbox_count", "quarantine_count",
        "disk_size", "disk_free", "verified", "damaged", "s3", "s3_used",
    ),
    "retrieve": ("running", "waiting"),
    "render": ("sessions", "waiting"),
    "upload": (
        "spool_count", "spool_size", "spool_oldest", "uploaded", "bytes_per_second", "error",
    ),
    "web": ("requests",),
}  # fmt: skip
_REASONS = {"unreadable", "invalid_uid", "mismatch", "conflict", "other_hospital"}
_ACTIONS = {"metadata", "frames", "rendered", "instance", "search", "annotate"}


class FakePortal:
    """Remembers every event; ``down``, ``refuse`` and ``status`` make it misbehave."""

    def __init__(self) -> None:
        self.configuration: dict[str, Any] = {
            "check_calling_ae": True,
            "hospitals": [],
            "devices": [],
        }
        self.events: dict[int, dict[str, Any]] = {}
        self.reports: dict[str, dict[str, Any]] = {}
        self.deliveries = 0
        self.violations: list[str] = []
        self.refuse: set[str] = set()
        self.silent: set[str] = set()
        self.status = 200
        self.sign: Callable[[], str] | None = None
        self.life = 900
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                portal._serve(self)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add_hospital(self, code: str, **devices: list[str]) -> None:
        """Add an active hospital and its devices: AE title → addresses."""
        self.configuration["hospitals"].append({"code": code, "active": True})
        for title, addresses in devices.items():
            self.configuration["devices"].append(
                {"ae_title": title, "hospital": code, "addresses": addresses, "active": True}
            )

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Bodies of the events of *kind*, in the order of their ids."""
        return [e[kind] for _, e in sorted(self.events.items()) if e["kind"] == kind]

    def study(self, uid: str) -> dict[str, Any] | None:
        """The newest event of a study."""
        found = [body for body in self.of("study") if body["uid"] == uid]
        return max(found, key=lambda body: body["revision"]) if found else None

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        if request.headers.get("Authorization") != f"Bearer {API_KEY}":
            self._answer(request, 401, {"error": "wrong key"})
        elif request.headers.get("X-Odoo-Database") != DATABASE:
            self._answer(request, 404, {"error": "wrong database"})
        elif self.status != 200:
            self._answer(request, self.status, {"error": "in trouble"})
        elif request.path == "/json/2/imaging.node/configuration":
            self._answer(request, 200, self.configuration)
        elif request.path == "/json/2/imaging.node/report":
            self.reports[body["process"]] = body["report"]
            self._answer(request, 200, {})
        elif request.path == "/json/2/imaging.node/ticket" and self.sign is not None:
            self._answer(request, 200, {"ticket": self.sign(), "expires_in": self.life})
        elif request.path == "/json/2/imaging.study/receive_events":
            self._answer(request, 200, self._receive(body))
        elif request.path == "/json/2/imaging.node/report":
            self._answer(request, 200, self._report(body))
        else:
            self._answer(request, 404, {"error": "no such route"})

    def _receive(self, body: dict[str, Any]) -> dict[str, Any]:
        accepted, refused = [], []
        if set(body) != {"events"} or len(body["events"]) > 200:
            self.violations.append("not a batch of at most 200 events")
        self.deliveries += 1
        for event in body["events"]:
            self.violations += violations(event)
            if event["kind"] in self.refuse:
                refused.append({"id": event["id"], "error": "refused for the test"})
            elif event["kind"] not in self.silent:
                self.events[event["id"]] = event
                accepted.append(event["id"])
        return {"accepted": accepted, "refused": refused}

    def _report(self, body: dict[str, Any]) -> dict[str, Any]:
        """Keep the last report of each process; all of the agreed keys must be there."""
        process, report = body.get("process", ""), body.get("report", {})
        missing = {"started", "version", "host", *_REPORTS.get(process, ["process"])} - set(report)
        if set(body) != {"process", "report"} or missing:
            self.violations.append(f"report of {process}: {sorted(missing)} missing")
        self.reports[process] = report
        return {}

    @staticmethod
    def _answer(request: BaseHTTPRequestHandler, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)


def violations(event: dict[str, Any]) -> list[str]:
    """What in *event* is not as agreed."""
    kind = event.get("kind", "")
    if kind not in _FIELDS or set(event) != {"id", "kind", "at", kind}:
        return [f"event of unknown form: {event}"]
    body, found = event[kind], []
    if not isinstance(event["id"], int) or not _MOMENT.fullmatch(event["at"]):
        found.append(f"id or at: {event}")
    if set(body) != set(_FIELDS[kind]):
        found.append(f"{kind}: fields {sorted(set(body) ^ set(_FIELDS[kind]))}")
    found += [
        f"{kind}.{name}: {body.get(name)!r}"
        for name, types in _FIELDS[kind].items()
        if not isinstance(body.get(name), types)
    ]
    if kind == "study":
        found += _study_violations(body)
    if kind == "quarantine" and body["reason"] not in _REASONS:
        found.append(f"quarantine.reason: {body['reason']}")
    if kind == "access" and body["action"] not in _ACTIONS:
        found.append(f"access.action: {body['action']}")
    return found


def _study_violations(body: dict[str, Any]) -> list[str]:
    patient, said = body["patient"], body["completeness"]
    checks = {
        "completeness": set(said) == {"state", "expected", "missing", "source"}
        and (bool(said["source"]) or said["state"] == "unknown"),
        "patient": set(patient) == {"id", "name", "birth_date", "sex"},
        "hospital": _HOSPITAL.fullmatch(body["hospital"]),
        "birth_date": patient["birth_date"] is None or _DATE.fullmatch(patient["birth_date"]),
        "date": body["date"] is None or _DATE.fullmatch(body["date"]),
        "time": body["time"] is None or _TIME.fullmatch(body["time"]),
        "first_received": _MOMENT.fullmatch(body["first_received"]),
        "last_received": _MOMENT.fullmatch(body["last_received"]),
        "text": "\0" not in json.dumps(body, ensure_ascii=False),
    }
    return [f"study.{name}: {body}" for name, good in checks.items() if not good]
