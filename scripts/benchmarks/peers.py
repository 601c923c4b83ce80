"""Servers beside which the product is measured, each in a directory and on a port of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PLUGINS = "/usr/share/orthanc/plugins"


@dataclass(frozen=True)
class Peer:
    """A server; ``http`` is 0 when it has none."""

    pid: int
    port: int
    http: int = 0


@contextmanager
def storescp() -> Iterator[Peer]:
    """dcmtk's receiver: it only writes."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as directory:
        command = ["storescp", "--fork", "+B", "-od", directory, str(port)]
        with _serving(command, port) as pid:
            yield Peer(pid, port)


@contextmanager
def orthanc(tuning: dict[str, bool] | None = None, *, web: bool = False) -> Iterator[Peer]:
    """Orthanc with its defaults or tuned; with DICOMweb if *web*."""
    port, http = _free_port(), _free_port()
    with tempfile.TemporaryDirectory() as directory:
        configuration = Path(directory) / "orthanc.json"
        settings = {
            "StorageDirectory": f"{directory}/storage",
            "IndexDirectory": f"{directory}/storage",
            "DicomPort": port,
            "DicomAlwaysAllowStore": True,
            "HttpServerEnabled": web,
            "HttpPort": http,
            "AuthenticationEnabled": False,
            "DicomWeb": {"Enable": web},
            "Plugins": [PLUGINS] if web else [],
            **(tuning or {}),
        }
        configuration.write_text(json.dumps(settings))
        # Debian puts it where only administrators look.
        binary = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
        with _serving([binary, str(configuration)], port) as pid:
            yield Peer(pid, port, http)


@contextmanager
def nginx(size: int) -> Iterator[Peer]:
    """nginx with one static file of *size* bytes, /file, and an access log."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "file").write_bytes(os.urandom(size))
        configuration = Path(directory) / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        configuration.write_text(
            f"{user} worker_processes auto; daemon off; pid {directory}/pid;"
            f" error_log {directory}/error.log; events {{ worker_connections 2048; }}"
            f" http {{ sendfile on; tcp_nopush on; access_log {directory}/access.log;"
            f" server {{ listen 127.0.0.1:{port}; root {directory}; }} }}"
        )
        with _serving(["nginx", "-c", str(configuration)], port) as pid:
            yield Peer(pid, port, port)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _serving(command: list[str], port: int) -> Iterator[int]:
    """Run a server until it listens; its process id."""
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not _listens(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} does not serve port {port}")
            time.sleep(0.05)
        yield server.pid
    finally:
        server.terminate()
        server.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
