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
# Of a hospital that has HTJ2K copies made for slow lines.
SMALL_MODALITY = "BENCHSMALL"


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

    def newest(self) -> int:
        """The highest number that the index has given an instance."""
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute("SELECT max(id) FROM archive.instance").fetchone()
        return int(row[0] or 0) if row else 0

    def wait_until_indexed(self, newest: int, count: int, seconds: float = 120) -> None:
        """Until so many have come after *newest*."""
        deadline, found = time.monotonic() + seconds, 0
        query = "SELECT count(*) FROM archive.instance WHERE id > %s"
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            while found < count:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{found} of {count} instances were indexed")
                time.sleep(0.02)
                (found,) = connection.execute(query, (newest,)).fetchone() or (0,)

    def token(
        self,
        hospitals: Sequence[str] = ("*",),
        permissions: Sequence[str] = ("view", "download"),
    ) -> str:
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
            "perms": list(permissions),
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
