"""The node's processes for a benchmark: an archive of its own, one known modality, no portal."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import jwt
import psycopg

HOSPITAL, MODALITY = "H001", "BENCH"


@dataclass(frozen=True)
class Product:
    """Where the node under test is and which processes it is made of."""

    home: Path
    dicom_port: int
    web: str
    origin: str
    dsn: str
    pids: dict[str, int]

    @classmethod
    def from_environment(cls, prefix: str = "YUNYING_BENCH") -> Product:
        """As scripts/bench started it."""
        return cls(
            home=Path(os.environ[f"{prefix}_HOME"]),
            dicom_port=int(os.environ[f"{prefix}_DICOM_PORT"]),
            web=os.environ[f"{prefix}_WEB"],
            origin=os.environ[f"{prefix}_ORIGIN"],
            dsn=os.environ[f"{prefix}_DSN"],
            pids=json.loads(os.environ[f"{prefix}_PIDS"]),
        )

    def instances(self) -> int:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute("select count(*) from archive.instance").fetchone()[0]

    def wait_until_indexed(self, count: int, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while self.instances() < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.instances()} of {count} instances were indexed")
            time.sleep(0.02)

    def token(self, hospitals: Sequence[str] = ("*",)) -> str:
        """A ticket for these hospitals' studies."""
        now = int(time.time())
        claims = {
            "iss": "yunying",
            "aud": "dicom-node",
            "jti": uuid.uuid4().hex[:22],
            "sub": "tool:1",
            "iat": now,
            "nbf": now,
            "exp": now + 900,
            "scope": {"hospitals": list(hospitals)},
            "perms": ["view", "download"],
            "anon": False,
            "purpose": "tool",
            "label": "bench",
        }
        key = (self.home / "secrets" / "ticket-private.pem").read_text()
        return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": "bench"})

    def client(self, hospitals: Sequence[str] = ("*",)) -> httpx.Client:
        """A DICOMweb client, without nginx."""
        token = self.token(hospitals)
        return httpx.Client(
            base_url=self.web, headers={"Authorization": f"Bearer {token}"}, timeout=60
        )
