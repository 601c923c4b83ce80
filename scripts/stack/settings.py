"""Where everything lies and which ports it uses; read from the environment once."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path

from stack.problem import Problem

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """Paths and ports of one installation (see docs/architecture.md, "Processes and ports").

    ``bind`` is where nginx and the DICOM port listen; everything else listens on 127.0.0.1.
    """

    home: Path
    runtime: Path
    http_port: int
    dicom_port: int
    internal_port: int
    production: bool
    bind: str = "127.0.0.1"
    public_origin: str = ""

    @classmethod
    def from_environment(cls) -> Settings:
        home = Path(os.environ.get("YUNYING_HOME") or REPOSITORY / ".yunying").absolute()
        return cls(
            home=home,
            runtime=Path(os.environ.get("YUNYING_RUNTIME") or home / "runtime").absolute(),
            http_port=_port("YUNYING_HTTP_PORT", 8080),
            dicom_port=_port("YUNYING_DICOM_PORT", 11112),
            internal_port=_port("YUNYING_INTERNAL_PORT", 18060),
            production=os.environ.get("YUNYING_PRODUCTION", "") not in ("", "0"),
            bind=_address("YUNYING_BIND", "127.0.0.1"),
            public_origin=_origin("YUNYING_ORIGIN"),
        )

    @property
    def odoo_port(self) -> int:
        return self.internal_port

    @property
    def websocket_port(self) -> int:
        return self.internal_port + 1

    @property
    def web_port(self) -> int:
        return self.internal_port + 2

    @property
    def postgres_port(self) -> int:
        return self.internal_port + 3

    @property
    def redis_port(self) -> int:
        return self.internal_port + 4

    @property
    def supervisor_port(self) -> int:
        return self.internal_port + 5

    @property
    def render_port(self) -> int:
        return self.internal_port + 6

    @property
    def ports(self) -> dict[str, int]:
        """Every listener of the product and its port."""
        return {
            "nginx": self.http_port,
            "dicom": self.dicom_port,
            "odoo": self.odoo_port,
            "odoo-websocket": self.websocket_port,
            "dicom-web": self.web_port,
            "dicom-render": self.render_port,
            "postgres": self.postgres_port,
            "redis": self.redis_port,
            "supervisor": self.supervisor_port,
        }

    @property
    def origin(self) -> str:
        """The address that people and links use."""
        return self.public_origin or f"http://127.0.0.1:{self.http_port}"

    @property
    def python(self) -> Path:
        return self.runtime / "venv" / "bin" / "python"

    @property
    def odoo_tree(self) -> Path:
        return self.runtime / "odoo"

    @property
    def viewer(self) -> Path:
        return self.runtime / "viewer"

    @property
    def viewer_build(self) -> Path:
        return self.runtime / "viewer-build"

    def directory(self, name: str) -> Path:
        """A directory of the state, made on demand, readable by its owner alone."""
        path = self.home / name
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path


def _port(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not re.fullmatch(r"\d{1,5}", text) or not 0 < int(text) < 65530:
        raise Problem(f"{name} is {text!r}: give a port number between 1 and 65529")
    return int(text)


def _address(name: str, default: str) -> str:
    text = os.environ.get(name) or default
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise Problem(f"{name} is {text!r}: give an IPv4 address, 0.0.0.0 for all") from None


def _origin(name: str) -> str:
    text = os.environ.get(name) or ""
    if text and not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?", text):
        raise Problem(f"{name} is {text!r}: give scheme, host and port, as https://img.example.cn")
    return text
