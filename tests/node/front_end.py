"""A front-end node on this machine: it receives and uploads to a `Stack`, which is its centre."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from .fake_portal import API_KEY, DATABASE, FakePortal
from .stack import REPOSITORY, Stack, free_port, wait_until

PROCESSES = ("receive", "upload")


class Line:
    """The way to the centre's web server: it can be cut, which ends whatever goes over it."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._target = port
        self._open: list[socket.socket] = []
        self.down = False
        self.passed = 0
        self.cut_after: int | None = None
        self._server = socket.create_server((host, 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        host, port = self._server.getsockname()
        return f"http://{host}:{port}"

    def cut(self) -> None:
        self.down = True
        ends, self._open = self._open, []
        for one in ends:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.cut_after, self.down = None, False

    def close(self) -> None:
        self.cut()
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            if self.down:
                client.close()
                continue
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        """Until either end is over. Closed, not only shut down: a sender whose window is full
        would not notice that."""
        with client:
            try:
                centre = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            with centre:
                self._open += [client, centre]
                back = threading.Thread(target=self._pump, args=(centre, client, False))
                back.start()
                self._pump(client, centre, True)
                back.join()

    def _pump(self, source: socket.socket, target: socket.socket, upwards: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
                if upwards:
                    self.passed += len(data)
                limit = self.cut_after
                if limit is not None and self.passed >= limit:
                    self.cut()
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class FrontEnd:
    """Its own portal account is a portal of its own, so that it is seen who is told what."""

    def __init__(
        self, root: Path, centre: Stack, host: str = "127.0.0.1", within: tuple[str, ...] = ()
    ) -> None:
        """The centre is reached at *host*; its processes are started by the command *within*."""
        self.root = root
        self.within = within
        self.centre = centre
        self.portal = FakePortal()
        self.portal.sign = lambda: centre.ticket(
            sub="node:3", scope={"hospitals": ["H001"]}, perms=["store"], purpose="upload"
        )
        self.line = Line(centre.web_port, host)
        self.portal_line = Line(int(self.portal.url.rpartition(":")[2]), host)
        self.dicom_port = free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.portal.add_hospital("H001", CT_A=[])
        self.plan()
        root.mkdir(exist_ok=True)
        (root / "api_key").write_text(API_KEY)
        self.environment = os.environ | {
            f"YUNYING_NODE_{key}": str(value)
            for key, value in {
                "DICOM_HOST": "127.0.0.1",
                "DICOM_PORT": self.dicom_port,
                "SPOOL_PATH": root / "spool",
                "QUARANTINE_PATH": root / "quarantine",
                "PORTAL_URL": self.portal_line.url,
                "PORTAL_DATABASE": DATABASE,
                "PORTAL_API_KEY_FILE": root / "api_key",
                "PORTAL_CACHE_FILE": root / "portal.json",
                "PORTAL_POLL_SECONDS": 0.3,
                "PORTAL_REPORT_SECONDS": 0.3,
            }.items()
        }

    def plan(self, **values: Any) -> None:
        """What the portal tells of the upload."""
        plan = {
            "url": self.line.url,
            "hospital": "H001",
            "batch": 20,
            "threads": 2,
            "bandwidth": [],
        }
        self.portal.configuration = self.portal.configuration | {"node": {"upload": plan | values}}

    def start(self, *names: str) -> None:
        for name in names or PROCESSES:
            config = str(REPOSITORY / "config" / "front-end.toml")
            command = [*self.within, sys.executable, "-m", "dicom_node.cli", name]
            command += ["--config", config]
            with (self.root / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    command, env=self.environment, cwd=REPOSITORY, stderr=log
                )

    def start_all(self) -> None:
        self.start()
        wait_until(self._listens, "the front end's DICOM port is open", 30)
        self.wait_told()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.dicom_port)) == 0

    def wait_told(self) -> None:
        cache = self.root / "portal.json"
        wait_until(lambda: cache.exists() and self.line.url in cache.read_text(), "it is told", 20)
        wait_until(lambda: self.report("receive").get("refusing") == "", "it receives", 20)

    def report(self, process: str = "upload") -> dict[str, Any]:
        return self.portal.reports.get(process, {})

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait(10)

    def stop(self, name: str) -> int:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(10)

    def waiting(self) -> list[Path]:
        return list(self.root.glob("spool/*/*.dcm"))

    def wait_uploaded(self, seconds: float = 60) -> None:
        wait_until(lambda: not self.waiting(), "the front end's spool is empty", seconds)

    def close(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        self.line.close()
        self.portal_line.close()
        self.portal.close()
