"""The command line and the configuration."""

import json
import subprocess
import sys
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dicom_node import VERSION
from dicom_node.archive import migrate
from dicom_node.config import FRONT_END, Config, ConfigError, load
from dicom_node.configuration import Configuration
from dicom_node.portal import Portal
from dicom_node.store.layout import DEFAULT
from dicom_node.store.told import bucket
from dicom_node.store.watch import not_taken_over
from dicom_node.upload import plan

from . import samples
from .sender import send as store
from .stack import REPOSITORY, Stack, wait_until

EXAMPLE = REPOSITORY / "config" / "node.toml"


def test_the_shipped_configuration_is_complete() -> None:
    config = load(EXAMPLE, {})
    assert isinstance(config, Config)
    assert config.dicom.ae_title == "YUNYING"
    assert config.web.host == "127.0.0.1"


def test_the_version_that_is_reported_is_the_products() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


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
        (None, {"YUNYING_NODE_STORE_PATH_TEMPLATE": "{study}.dcm"}, "store.path_template"),
        (None, {"YUNYING_NODE_STORE_KIND": "s3"}, "s3.bucket"),
    ],
)
def test_a_wrong_setting_is_named(
    tmp_path: Path, text: str | None, environment: dict[str, str], named: str
) -> None:
    path = tmp_path / "node.toml"
    path.write_text(EXAMPLE.read_text() if text is None else text)
    with pytest.raises(ConfigError, match=named.replace("[", r"\[")):
        load(path, environment)


KEYS = {
    "YUNYING_NODE_S3_ACCESS_KEY_FILE": "access",
    "YUNYING_NODE_S3_SECRET_KEY_FILE": "secret",
}
TOLD = {"endpoint": "https://s3.example.org", "region": "cn-1", "bucket": "images", "prefix": "a"}

OWN = {
    "YUNYING_NODE_S3_ENDPOINT": "https://own.example.org",
    "YUNYING_NODE_S3_BUCKET": "own",
}


@pytest.mark.req("ARC-4.5", part=True)
@pytest.mark.parametrize(
    ("told", "environment", "used"),
    [
        (TOLD, KEYS, ("https://s3.example.org", "cn-1", "images", "a")),
        (TOLD, KEYS | OWN, ("https://own.example.org", "us-east-1", "own", "")),
        (
            TOLD | {"region": ""},
            KEYS | {"YUNYING_NODE_S3_REGION": "x", "YUNYING_NODE_S3_PREFIX": "x"},
            ("https://s3.example.org", "us-east-1", "images", "a"),
        ),
        (TOLD | {"region": "", "prefix": ""}, KEYS, (TOLD["endpoint"], "us-east-1", "images", "")),
        (TOLD, {}, ("", "us-east-1", "", "")),
        (None, KEYS, ("", "us-east-1", "", "")),
        (TOLD | {"bucket": "../x"}, KEYS, ("", "us-east-1", "", "")),
        (TOLD | {"endpoint": "file:///etc"}, KEYS, ("", "us-east-1", "", "")),
        (7, KEYS, ("", "us-east-1", "", "")),
    ],
)  # fmt: skip
def test_the_bucket_is_as_the_portal_says_where_the_own_file_does_not(
    tmp_path: Path, told: Any, environment: dict[str, str], used: tuple[str, ...]
) -> None:
    cache = tmp_path / "portal.json"
    environment = environment | {"YUNYING_NODE_PORTAL_CACHE_FILE": str(cache)}
    cache.write_text(json.dumps({"node": {"s3": told}}))
    s3 = load(EXAMPLE, environment).s3
    assert (s3.endpoint, s3.region, s3.bucket, s3.prefix) == used


def test_a_bucket_of_the_own_file_is_not_completed_by_the_portal(tmp_path: Path) -> None:
    cache = tmp_path / "portal.json"
    cache.write_text(json.dumps({"node": {"s3": TOLD}}))
    own = {"YUNYING_NODE_PORTAL_CACHE_FILE": str(cache), "YUNYING_NODE_S3_BUCKET": "own"}
    with pytest.raises(ConfigError, match=r"s3\.endpoint"):
        load(EXAMPLE, own | KEYS)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        (KEYS, ""),
        (KEYS | OWN, "not used: the node's own file names another bucket"),
        ({}, "not used: s3.access_key_file is missing in the node's own file"),
    ],
)
def test_a_bucket_that_is_named_and_not_used_is_told_with_the_reason(
    tmp_path: Path, environment: dict[str, str], said: str
) -> None:
    cache = tmp_path / "portal.json"
    cache.write_text(json.dumps({"node": {"s3": TOLD}}))
    config = load(EXAMPLE, environment | {"YUNYING_NODE_PORTAL_CACHE_FILE": str(cache)})
    assert not_taken_over(config, bucket({"node": {"s3": TOLD}})) == said
    assert not_taken_over(config, bucket({"node": {"s3": None}})) == ""
    if not said:
        later = bucket({"node": {"s3": TOLD | {"prefix": "b"}}})
        assert not_taken_over(config, later).startswith("not used yet: ")


@pytest.mark.req("ARC-4.5")
def test_what_the_centre_says_is_kept_and_the_basics_are_in_the_nodes_own_file(
    tmp_path: Path,
) -> None:
    """While the portal is away: of a front end what is uploaded how, of the centre its bucket."""
    cache = tmp_path / "portal.json"
    upload = {
        "url": "https://centre.example.org", "hospital": "H001", "batch": 50, "threads": 4,
        "bandwidth": [{"from": "08:00", "to": "18:00", "kib_per_second": 2048}],
    }  # fmt: skip
    cache.write_text(json.dumps({"node": {"upload": upload, "s3": TOLD}}))
    own = {"YUNYING_NODE_PORTAL_CACHE_FILE": str(cache)}
    config = load(REPOSITORY / "config" / "front-end.toml", own, FRONT_END)
    assert config.portal.url == "https://cloud.example.org"
    assert config.upload.hospital == "H001"
    assert config.spool.path == Path("/var/lib/yunying/spool")
    assert config.store.path_template == DEFAULT
    away = Portal("http://127.0.0.1:9", "yunying", tmp_path / "none")
    known = Configuration(away, config.portal.cache_file, 60, plan.parse)
    known.start()
    told = known.current()
    assert told is not None
    assert (told.batch, told.threads) == (50, 4)
    noon, night = (datetime(2026, 11, 24, hour) for hour in (12, 22))
    assert (told.bytes_per_second(noon), told.bytes_per_second(night)) == (2048 * 1024, 0)
    assert load(EXAMPLE, own | KEYS).s3.bucket == "images"
    with pytest.raises(ConfigError, match=r"store\.path_template"):
        load(
            REPOSITORY / "config" / "front-end.toml",
            own | {"YUNYING_NODE_STORE_PATH_TEMPLATE": "{name}/{instance}.dcm"},
            FRONT_END,
        )


def test_a_configuration_that_cannot_be_used_ends_with_2_and_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dicom_node.cli", "receive", "--config", str(tmp_path / "none")],
        check=False, capture_output=True, text=True, cwd=REPOSITORY, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("dicom-node: configuration: ")


def test_health_looks_at_every_process(stack: Stack) -> None:
    stack.start("render")
    stack.wait_ready("render")
    done = stack.run("health")
    assert done.returncode == 0, done.stdout
    report = json.loads(done.stdout)
    assert report["healthy"] is True
    assert set(report["checks"]) == {"receive", "archive", "index", "web", "render", "redis"}
    stack.stop("archive")
    done = stack.run("health")
    assert done.returncode == 1
    checks = json.loads(done.stdout)["checks"]
    assert [name for name in checks if not checks[name]["ok"]] == ["archive"]
    stack.start("archive")
    wait_until(lambda: stack.run("health").returncode == 0, "all is well again", 60)
    stack.stop("render")


def test_migrating_twice_changes_nothing(running: Stack) -> None:
    before = running.query("SELECT number, at FROM archive.migration")
    assert running.run("migrate").returncode == 0
    assert running.query("SELECT number, at FROM archive.migration") == before


def test_a_migration_that_does_not_get_its_table_gives_up_and_leaves_nothing(
    running: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "CREATE TABLE archive.half_done (); ALTER TABLE archive.study ADD COLUMN half int"
    monkeypatch.setattr(migrate, "scripts", lambda: [(9999, "9999_new.sql", script)])
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", "100ms")
    with psycopg.connect(running.dsn) as other:
        other.execute("LOCK TABLE archive.study IN ACCESS SHARE MODE")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            migrate.migrate(running.dsn)
    assert running.query("SELECT to_regclass('archive.half_done')") == [(None,)]
    assert running.query("SELECT count(*) FROM archive.migration WHERE number = 9999") == [(0,)]


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
    logs = {name: stack.root / f"{name}.log" for name in ("receive", "archive", "web")}
    before = {name: log.stat().st_size for name, log in logs.items()}
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
    for name, log in logs.items():
        for text in log.read_bytes()[before[name] :].decode().splitlines():
            assert "LOGSECRET" not in text
            assert ticket[:40] not in text
            assert json.loads(text)["process"] == name
