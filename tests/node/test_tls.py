"""DICOM under TLS: who may speak, in which versions, and that nothing else changes."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import raw, samples
from .sender import send
from .stack import Stack, free_port, wait_until

pytestmark = pytest.mark.skipif(
    shutil.which("storescu") is None or shutil.which("openssl") is None,
    reason="dcmtk or openssl is not installed",
)


def certificate(directory: Path, name: str, issuer: str = "") -> None:
    """``<name>.crt`` and ``<name>.key``, signed by *issuer* or by itself."""
    signing = ["-CA", f"{issuer}.crt", "-CAkey", f"{issuer}.key"] if issuer else []
    extension = (
        "subjectAltName=DNS:localhost,IP:127.0.0.1" if issuer else "basicConstraints=CA:TRUE"
    )
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt",
         "-addext", extension, *signing],
        cwd=directory, check=True, capture_output=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("tls")
    certificate(directory, "ca")
    certificate(directory, "stranger")
    certificate(directory, "node", "ca")
    certificate(directory, "modality", "ca")
    return directory


@pytest.fixture(scope="module", params=["direct", "stock"])
def tls_port(running: Stack, certificates: Path, request: pytest.FixtureRequest) -> Iterator[int]:
    """A receiver that wants certificates of its peers at a second port."""
    port = free_port()
    running.restart(
        "receive",
        YUNYING_NODE_DICOM_DATA_PLANE=request.param,
        YUNYING_NODE_DICOM_NETWORK_TIMEOUT="3",
        YUNYING_NODE_DICOM_TLS_PORT=str(port),
        YUNYING_NODE_DICOM_TLS_CERTIFICATE_FILE=str(certificates / "node.crt"),
        YUNYING_NODE_DICOM_TLS_KEY_FILE=str(certificates / "node.key"),
        YUNYING_NODE_DICOM_TLS_CLIENT_CA_FILE=str(certificates / "ca.crt"),
    )
    yield port
    running.restart("receive")


def client(certificates: Path, name: str = "modality") -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certificates / "ca.crt"))
    if name:
        context.load_cert_chain(certificates / f"{name}.crt", certificates / f"{name}.key")
    return context


def connect(port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    connection = socket.create_connection(("127.0.0.1", port), 10)
    return context.wrap_socket(connection, server_hostname="127.0.0.1")


@pytest.mark.req("ARC-4.1", part=True)
def test_dcmtk_sends_under_tls(
    stack: Stack, tls_port: int, certificates: Path, tmp_path: Path
) -> None:
    dataset = samples.image(Rows=2048, Columns=1024, PixelData=bytes(4 << 20))
    dataset.ensure_file_meta()
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    dataset.save_as(tmp_path / "one.dcm", enforce_file_format=True)
    done = subprocess.run(
        ["storescu", "+tls", str(certificates / "modality.key"),
         str(certificates / "modality.crt"), "+cf", str(certificates / "ca.crt"),
         "-aet", "CT_A", "-aec", "YUNYING", "127.0.0.1", str(tls_port), str(tmp_path / "one.dcm")],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    stack.wait_archived()
    frame = stack.get(f"{samples.address(dataset)}/frames/1", accept="application/octet-stream")
    assert frame.content == dataset.PixelData


@pytest.mark.parametrize("name", ["", "stranger"])
def test_who_has_no_certificate_of_ours_is_not_spoken_to(
    stack: Stack, tls_port: int, certificates: Path, name: str
) -> None:
    """TLS 1.3 lets the client go on until it reads."""
    with pytest.raises((ssl.SSLError, ConnectionError)):
        answer_to(tls_port, client(certificates, name))


def answer_to(port: int, context: ssl.SSLContext) -> bytes:
    with connect(port, context) as connection:
        connection.sendall(raw.associate_request())
        answer = connection.recv(1)
    if not answer:
        raise ConnectionResetError("the peer closed")
    return answer


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1")
def test_old_versions_and_weak_ciphers_are_refused(
    stack: Stack, tls_port: int, certificates: Path
) -> None:
    old = client(certificates)
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    weak = client(certificates)
    weak.maximum_version = ssl.TLSVersion.TLSv1_2
    weak.set_ciphers("AES128-SHA")
    for context in (old, weak):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            connect(tls_port, context)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_instance_is_kept_whole_under_each_version(
    stack: Stack, tls_port: int, certificates: Path, version: ssl.TLSVersion
) -> None:
    context = client(certificates)
    context.minimum_version = context.maximum_version = version
    messages = [samples.message(dataset) for dataset in samples.slices(5)]
    with connect(tls_port, context) as connection:
        connection.sendall(raw.associate_request())
        assert raw.pdu(connection)[0] == 2
        for message in messages:
            connection.sendall(raw.store_request(1, message.sop_instance))
            connection.sendall(
                raw.data(message.data[:100]) + raw.data(message.data[100:], last=True)
            )
            assert raw.status(connection) == 0
    stack.wait_archived()
    assert stack.query("SELECT count(*) FROM archive.instance") == [(5,)]


def test_who_connects_and_says_nothing_keeps_nobody_waiting(
    stack: Stack, tls_port: int, certificates: Path
) -> None:
    silent = [socket.create_connection(("127.0.0.1", tls_port), 10) for _ in range(10)]
    with connect(tls_port, client(certificates)) as connection:
        connection.sendall(raw.associate_request())
        assert raw.pdu(connection)[0] == 2
    for one in silent:
        one.settimeout(10)
        assert one.recv(1) == b"", "it is cut off"
        one.close()


def test_a_certificate_that_cannot_be_used_is_named_at_the_start(
    stack: Stack, certificates: Path
) -> None:
    environment = {
        "YUNYING_NODE_DICOM_TLS_PORT": str(free_port()),
        "YUNYING_NODE_DICOM_TLS_CERTIFICATE_FILE": str(certificates / "missing.crt"),
        "YUNYING_NODE_DICOM_TLS_KEY_FILE": str(certificates / "node.key"),
    }
    done = subprocess.run(
        stack.command("receive"), env=stack.environment | environment, check=False,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "dicom.tls_certificate_file" in done.stderr
    wait_until(lambda: stack.processes["receive"].poll() is None, "the running one goes on")


@pytest.mark.req("ARC-4.2", part=True)
def test_a_device_that_wants_tls_is_called_under_it(
    stack: Stack, certificates: Path, tmp_path: Path
) -> None:
    """A C-MOVE of dcmtk's to a receiver that speaks TLS alone."""
    port, directory = free_port(), tmp_path / "moved"
    directory.mkdir()
    listener = subprocess.Popen(
        ["storescp", "+tls", str(certificates / "modality.key"), str(certificates / "modality.crt"),
         "+cf", str(certificates / "ca.crt"), "-od", str(directory), str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    entry = {
        "ae_title": "SAFE", "hospital": "H001", "addresses": [], "active": True,
        "roles": ["store", "retrieve"], "host": "127.0.0.1", "port": port, "tls": True,
    }  # fmt: skip
    before = stack.portal.configuration["devices"]
    stack.restart(
        "receive",
        YUNYING_NODE_DICOM_TLS_CERTIFICATE_FILE=str(certificates / "node.crt"),
        YUNYING_NODE_DICOM_TLS_KEY_FILE=str(certificates / "node.key"),
        YUNYING_NODE_DICOM_TLS_CLIENT_CA_FILE=str(certificates / "ca.crt"),
    )
    try:
        stack.configure(devices=[*before, entry])
        dataset = samples.image()
        send(stack.dicom_port, [samples.message(dataset)], "CT_A")
        stack.wait_archived()
        moved = subprocess.run(
            ["movescu", "-S", "-d", "-aet", "SAFE", "-aec", "YUNYING", "-aem", "SAFE",
             "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={dataset.StudyInstanceUID}",
             "127.0.0.1", str(stack.dicom_port)],
            capture_output=True, text=True, errors="replace", timeout=60, check=False,
        )  # fmt: skip
        output = moved.stdout + moved.stderr
        wait_until(lambda: list(directory.iterdir()), f"the image arrives\n{output}")
    finally:
        listener.kill()
        listener.wait(10)
        stack.configure(devices=before)
        stack.restart("receive")
