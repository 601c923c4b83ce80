"""What the public origin's web server does by itself: nothing is kept back, nobody takes it all."""

import base64
import contextlib
import hashlib
import os
import socket
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import jwt
import psutil
import pydicom
import pytest

from dicom_node import ident
from e2e.modality import ct_study

HOME = Path(os.environ.get("YUNYING_TEST_HOME", ""))
HOSPITAL = "H001"
ONE_ADDRESS = 384


@pytest.fixture
def ticket() -> str:
    """One that stores for a hospital, as the portal signs it for a front end."""
    now = int(time.time())
    claims = {
        "iss": "yunying", "aud": "dicom-node", "jti": uuid.uuid4().hex[:22], "sub": "node:3",
        "iat": now, "nbf": now, "exp": now + 600, "scope": {"hospitals": [HOSPITAL]},
        "perms": ["store"], "anon": False, "purpose": "upload", "label": "front end",
    }  # fmt: skip
    key = (HOME / "secrets" / "ticket-private.pem").read_bytes()
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": "test"})


@pytest.fixture
def connect(origin: str) -> Callable[..., socket.socket]:
    address = urlsplit(origin)

    def opened(source: str = "127.0.0.1") -> socket.socket:
        found = socket.create_connection(
            (address.hostname, address.port), 20, source_address=(source, 0)
        )
        found.settimeout(20)
        return found

    return opened


def head(method: str, path: str, length: int, ticket: str, **headers: str) -> bytes:
    lines = {
        "Host": "node", "Connection": "close", "Content-Length": str(length),
        "Authorization": f"Bearer {ticket}",
    } | {name.replace("_", "-"): value for name, value in headers.items()}  # fmt: skip
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} /dicom-web{path} HTTP/1.1\r\n{text}\r\n".encode()


def arrives(pattern: str, size: int) -> Path:
    """The file of the spool that has grown to *size* while its request goes on."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        for path in (HOME / "spool" / HOSPITAL).glob(pattern):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_size >= size:
                    return path
        time.sleep(0.05)
    raise AssertionError(f"nothing of the body has come to {pattern}")


def kept_back() -> int:
    return sum(path.stat().st_size for path in HOME.glob("run/nginx-*/**/*") if path.is_file())


def test_an_upload_passes_while_it_comes(connect, ticket, tmp_path):
    _study, (file,) = ct_study(tmp_path, 1, ImageComments="x" * 10_000)
    content = file.read_bytes() + os.urandom(8 << 20)
    name = ident.new()
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    with connect() as line:
        line.sendall(
            head("PATCH", f"/uploads/{name}", len(content), ticket, Upload_Offset="0",
                 Upload_Length=str(len(content)), Repr_Digest=f"sha-256=:{digest}:")
        )  # fmt: skip
        line.sendall(content[: 6 << 20])
        arrives(f"{name}.upload", 4 << 20)
        assert kept_back() == 0
        line.sendall(content[6 << 20 :])
        assert line.recv(100).startswith(b"HTTP/1.1 204")


def test_stow_rs_passes_while_it_comes(connect, ticket, tmp_path):
    study, files = ct_study(tmp_path, 2)
    for file in files:
        dataset = pydicom.dcmread(file)
        dataset.EncapsulatedDocument = os.urandom(3 << 20)
        dataset.save_as(file)
    opening = b"\r\n--x-y-z\r\nContent-Type: application/dicom\r\n\r\n"
    body = b"".join(opening + file.read_bytes() for file in files)
    closing = b"\r\n--x-y-z--\r\n"
    kind = 'multipart/related; type="application/dicom"; boundary=x-y-z'
    with connect() as line:
        length = len(body) + len(closing)
        line.sendall(head("POST", f"/studies/{study}", length, ticket, Content_Type=kind))
        line.sendall(body)
        deadline = time.monotonic() + 15
        while not list(HOME.glob(f"store/{HOSPITAL}/**/{study}/**/*.dcm")):
            assert time.monotonic() < deadline, "nothing was stored while the body came"
            time.sleep(0.1)
        assert kept_back() == 0
        line.sendall(closing)
        assert line.recv(100).startswith(b"HTTP/1.1 200")


def test_one_address_does_not_take_everything(connect, ticket):
    with contextlib.ExitStack() as lines:
        # Each of these requests waits for a body that does not come.
        stow = head("POST", "/studies", 1000, ticket, Content_Type="application/dicom")
        for _ in range(ONE_ADDRESS):
            line = lines.enter_context(connect("127.0.0.2"))
            line.sendall(stow + b"x")
        time.sleep(2)
        with connect("127.0.0.2") as refused:
            refused.sendall(head("GET", "/healthz", 0, ticket))
            assert refused.recv(100).startswith(b"HTTP/1.1 429")
        with connect("127.0.0.3") as other:
            other.sendall(head("GET", "/healthz", 0, ticket))
            assert other.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts workers as somebody else")
def test_no_worker_of_the_web_server_is_root():
    master = psutil.Process(int((HOME / "run" / "nginx.pid").read_text()))
    workers = master.children()
    assert workers
    assert all(0 not in (worker.uids().real, worker.uids().effective) for worker in workers)
