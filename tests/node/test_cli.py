"""The command line and the configuration."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dicom_node.config import Config, ConfigError, load

from . import samples
from .sender import send as store
from .stack import REPOSITORY, Stack, wait_until

EXAMPLE = REPOSITORY / "config" / "node.toml"


def test_the_shipped_configuration_is_complete() -> None:
    config = load(EXAMPLE, {})
    assert isinstance(config, Config)
    assert config.dicom.ae_title == "YUNYING"
    assert config.web.host == "127.0.0.1"


@pytest.mark.req("ARC-4.5", part=True)
def test_the_environment_goes_over_the_file() -> None:
    config = load(
        EXAMPLE, {"YUNYING_NODE_DICOM_PORT": "104", "YUNYING_NODE_SPOOL_PATH": "/var/spool/x"}
    )
    assert config.dicom.port == 104
    assert config.spool.path == Path("/var/spool/x")


@pytest.mark.parametrize(
    ("text", "environment", "named"),
    [
        ("", {}, "dicom.ae_title"),
        ("[dicom", {}, "node.toml"),
        ("[nonsense]\n", {}, "[nonsense]"),
        ("[dicom]\nportt = 1\n", {}, "dicom.portt"),
        (None, {"YUNYING_NODE_DICOM_PORT": "x"}, "dicom.port"),
        (None, {"YUNYING_NODE_DICOM_PORT": "70000"}, "dicom.port"),
        (None, {"YUNYING_NODE_DICOM_AE_TITLE": "A" * 17}, "dicom.ae_title"),
        (None, {"YUNYING_NODE_DICOM_PROT": "104"}, "YUNYING_NODE_DICOM_PROT"),
        (None, {"YUNYING_NODE_ARCHIVE_BATCH_SIZE": "0"}, "archive.batch_size"),
        (None, {"YUNYING_NODE_INDEX_DSN": ""}, "index.dsn"),
    ],
)
def test_a_wrong_setting_is_named(
    tmp_path: Path, text: str | None, environment: dict[str, str], named: str
) -> None:
    path = tmp_path / "node.toml"
    path.write_text(EXAMPLE.read_text() if text is None else text)
    with pytest.raises(ConfigError, match=named.replace("[", r"\[")):
        load(path, environment)


def test_a_configuration_that_cannot_be_used_ends_with_2_and_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dicom_node.cli", "receive", "--config", str(tmp_path / "none")],
        check=False, capture_output=True, text=True, cwd=REPOSITORY, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("dicom-node: configuration: ")


def test_health_looks_at_every_process(stack: Stack) -> None:
    done = stack.run("health")
    assert done.returncode == 0, done.stdout
    report = json.loads(done.stdout)
    assert report["healthy"] is True
    assert set(report["checks"]) == {"receive", "archive", "index", "web", "redis"}
    stack.stop("archive")
    done = stack.run("health")
    assert done.returncode == 1
    checks = json.loads(done.stdout)["checks"]
    assert [name for name in checks if not checks[name]["ok"]] == ["archive"]
    stack.start("archive")
    wait_until(lambda: stack.run("health").returncode == 0, "all is well again")


def test_migrating_twice_changes_nothing(running: Stack) -> None:
    before = running.query("SELECT number, at FROM archive.migration")
    assert running.run("migrate").returncode == 0
    assert running.query("SELECT number, at FROM archive.migration") == before


def test_send_sends_directories_and_says_what_was_refused(stack: Stack, tmp_path: Path) -> None:
    datasets = samples.slices(3)
    for dataset in datasets:
        dataset.ensure_file_meta()
        dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
        dataset.save_as(tmp_path / f"{dataset.InstanceNumber}.dcm", enforce_file_format=True)
    done = send(stack, "CT_A", tmp_path)
    assert (done.returncode, done.stdout) == (0, "accepted 3, refused 0\n"), done.stderr
    stack.wait_archived()
    assert stack.query("SELECT count(*) FROM archive.instance") == [(3,)]
    (tmp_path / "notes.txt").write_text("no image at all, but long enough to look at")
    done = send(stack, "CT_A", tmp_path)
    assert (done.returncode, done.stdout) == (1, "accepted 3, refused 1\n")
    assert "notes.txt: not sent" in done.stderr
    done = send(stack, "NOBODY", tmp_path / "1.dcm")
    assert (done.returncode, done.stdout) == (1, "accepted 0, refused 1\n")
    assert "the association was rejected" in done.stderr


def send(stack: Stack, calling: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dicom_node.cli", "send", "--port", str(stack.dicom_port),
         "--calling-ae", calling, "--called-ae", "YUNYING", str(path)],
        check=False, capture_output=True, text=True, cwd=REPOSITORY, timeout=60,
    )  # fmt: skip


def test_the_log_is_json_lines_without_names_or_tickets(stack: Stack) -> None:
    dataset = samples.image(PatientName="LOGSECRET^NAME", PatientID="LOGSECRETID")
    message = samples.message(dataset)
    store(stack.dicom_port, [message])
    message.data = message.data[:-9]
    store(stack.dicom_port, [message])
    stack.wait_archived()
    ticket = stack.ticket()
    stack.get(f"{samples.address(dataset)}/metadata", ticket=ticket)
    stack.get("/studies?PatientName=LOGSECRET*", ticket=ticket)
    stack.get("/studies", ticket=ticket[:-3])
    for name in ("receive", "archive", "web"):
        for line in stack.log(name):
            text = json.dumps(line)
            assert "LOGSECRET" not in text
            assert ticket[:40] not in text
            assert line["process"] == name
