"""A node whose objects lie in an S3 bucket, and one that moves old studies there."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
import pydicom
import pytest
from pydicom.data import get_testdata_file

from dicom_node.archive.disposal import Disposer
from dicom_node.archive.instructions import Instructions
from dicom_node.config import S3, Absent, Config, Portal
from dicom_node.config import Store as StoreSettings
from dicom_node.store.base import Deposit, NotConfiguredError, OccupiedError, StoreError
from dicom_node.store.cache import Cache
from dicom_node.store.local import LocalStore
from dicom_node.store.s3 import S3Store
from dicom_node.store.stores import FollowingStores, Stores
from dicom_node.web.derived import Derived

from . import samples
from .bucket import ACCESS_KEY, BUCKET, SECRET_KEY, Server, Way
from .rendering import AXIAL, grid, opened, series
from .sender import message_of, send
from .stack import Stack, parts_of, wait_until
from .test_keeping import archived, tables


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    own = Server(tmp_path_factory.mktemp("s3") / "buckets")
    own.start()
    yield own
    own.stop()


def give_keys(stack: Stack) -> None:
    """The node's own file names the keys to the bucket."""
    for name, key in (("access", ACCESS_KEY), ("secret", SECRET_KEY + "\n")):
        path = stack.root / name
        path.write_text(key)
        stack.environment[f"YUNYING_NODE_S3_{name.upper()}_KEY_FILE"] = str(path)


def node(root: Path, server: Server, kind: str) -> tuple[Stack, Way]:
    """A node of its own, and the way that its requests go to the bucket."""
    way, stack = Way(server.port), Stack(root)
    give_keys(stack)
    settings = {
        "STORE_KIND": kind, "S3_ENDPOINT": f"http://127.0.0.1:{way.port}", "S3_BUCKET": BUCKET,
        "S3_PREFIX": root.name, "S3_TIMEOUT": "10",
    }  # fmt: skip
    stack.environment |= {f"YUNYING_NODE_{key}": value for key, value in settings.items()}
    stack.portal.add_hospital("H001", CT_A=[])
    stack.portal.add_hospital("H002", MR_X=[])
    stack.start_all()
    stack.wait_configured("MR_X")
    return stack, way


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[tuple[Stack, Way]]:
    stack, way = node(tmp_path_factory.mktemp("remote"), server, "s3")
    yield stack, way
    assert stack.portal.violations == []
    stack.close()
    way.close()


@pytest.fixture
def near(tmp_path: Path, server: Server) -> Iterator[Stack]:
    stack, way = node(tmp_path, server, "local")
    yield stack
    assert stack.portal.violations == []
    stack.close()
    way.close()


def forget_copies(stack: Stack) -> None:
    """Leave the bucket as the only place with the objects."""
    for name in ("cache", "derived"):
        for path in (stack.root / "store" / name).glob("**/*"):
            if path.is_file():
                path.unlink()


@pytest.mark.req("ARC-5.6")
@pytest.mark.req("ARC-5.7", part=True)
def test_what_is_received_lies_in_the_bucket_as_dicom_files(
    remote: tuple[Stack, Way], server: Server
) -> None:
    stack, _way = remote
    datasets = samples.slices(5)
    archived(stack, *datasets)
    assert not list(stack.root.glob("store/H*"))
    rows = stack.query("SELECT object_key, location, size FROM archive.instance")
    assert {location for _key, location, _size in rows} == {"s3"}
    for key, _location, size in rows:
        path = server.root / BUCKET / stack.root.name / key
        assert path.stat().st_size == size
        assert pydicom.dcmread(path).PatientID == "P100"
    study = wait_until(lambda: stack.portal.study(str(datasets[0].StudyInstanceUID)), "the study")
    assert (study["instance_count"], study["location"]) == (5, "online")
    forget_copies(stack)
    for dataset in datasets:
        whole = stack.get(samples.address(dataset), accept="application/dicom")
        assert whole.content.endswith(samples.message(dataset).data), "it is served from there"


def test_a_series_in_the_bucket_is_drawn_also_when_copies_of_it_are_here(
    remote: tuple[Stack, Way],
) -> None:
    stack, _way = remote
    on = grid(AXIAL, (256, 256, 6), (0.5, 0.5, 2))
    rows, columns = np.mgrid[:256, :256]
    noise = np.random.default_rng(2).normal(0, 4, (6, 256, 256))
    voxels = (600 * np.sin(rows / 30) * np.cos(columns / 20) + noise).astype(np.int16)
    hospitals = stack.portal.configuration["hospitals"]
    stack.configure(hospitals=[{**one, "htj2k": True} for one in hospitals])
    stack.restart("archive", YUNYING_NODE_ARCHIVE_SETTLE_SECONDS="1")
    stack.start("render")
    try:
        datasets = series(on, voxels, BitsStored=16, HighBit=15)
        archived(stack, *datasets)
        copies = stack.root / "store" / "derived"
        wait_until(lambda: list(copies.glob("**/*-htj2k-*.json")), "copies are made")
        stack.wait_ready("render")
        with opened(stack, datasets[0]) as one:
            assert one.opened["range"] == [voxels.min(), voxels.max()]
            assert one.opened["unit"] == "HU"
            one.show(orientation="axial", size=[32, 32])
            one.say("probe", point=on.point(np.array([100.0, 30.0, 3.0])).tolist())
            assert one.wait("value")["value"] == voxels[3, 30, 100]
    finally:
        stack.stop("render")
        stack.configure(hospitals=hospitals)
        stack.restart("archive")


@pytest.mark.req("ARC-5.6", part=True)
@pytest.mark.parametrize("name", ["CT_small.dcm", "JPEG2000.dcm", "rtdose.dcm", "image_dfl.dcm"])
def test_a_bucket_is_read_as_a_disk_is(remote: tuple[Stack, Way], name: str) -> None:
    stack, _way = remote
    path = Path(str(get_testdata_file(name)))
    message = message_of(path)
    dataset = pydicom.dcmread(path)
    archived(stack, message)
    forget_copies(stack)
    page = samples.address(dataset)
    answer = stack.get(f"{page}/frames/1")
    assert answer.status_code == 200, answer.text
    ((_headers, frame),) = parts_of(answer)
    assert frame
    assert len(list(stack.root.glob("store/cache/*/*"))) == (name == "image_dfl.dcm")
    whole = stack.get(page, accept="application/dicom")
    assert whole.content.endswith(message.data)
    assert stack.get(f"{page}/metadata").json()[0]["00080018"]["Value"] == [dataset.SOPInstanceUID]
    assert stack.get(f"{page}/rendered").headers["content-type"] == "image/jpeg"
    assert stack.get(f"{page}/thumbnail").status_code == 200
    anonymous = stack.get(f"{page}/metadata", ticket=stack.ticket(anon=True))
    assert anonymous.status_code in (200, 403)


@pytest.mark.req("GEN-7", part=True)
def test_an_index_is_rebuilt_from_a_bucket(remote: tuple[Stack, Way]) -> None:
    """Before the server is ever restarted: rclone forgets the metadata of objects then."""
    stack, _way = remote
    archived(stack, *samples.slices(4))
    before = tables(stack)
    stack.stop("archive")
    forget_copies(stack)
    stack.execute("DROP SCHEMA archive CASCADE")
    done = stack.run("reindex")
    stack.start("archive")
    assert done.returncode == 0, done.stdout
    assert tables(stack) == before


def test_an_object_that_is_gone_from_the_bucket_is_503(
    remote: tuple[Stack, Way], server: Server
) -> None:
    stack, _way = remote
    dataset = samples.image()
    archived(stack, dataset)
    forget_copies(stack)
    (path,) = server.root.glob(f"**/{dataset.SOPInstanceUID}.dcm")
    key, content = str(path.relative_to(server.root / BUCKET)), path.read_bytes()
    server.client().delete_object(Bucket=BUCKET, Key=key)
    try:
        answer = stack.get(f"{samples.address(dataset)}/frames/1")
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    finally:
        server.client().put_object(Bucket=BUCKET, Key=key, Body=content)


@pytest.mark.req("ARC-4.6", "ARC-5.6", part=True)
@pytest.mark.parametrize("fault", ["away", "cut", "slow"])
def test_a_bucket_in_trouble_loses_nothing(
    remote: tuple[Stack, Way], server: Server, fault: str
) -> None:
    """Instances wait in the spool, and all are there exactly once afterwards."""
    stack, way = remote
    datasets = samples.slices(12, PixelData=bytes(512 * 512), Rows=512, Columns=256)
    try:
        if fault == "away":
            server.stop()
        elif fault == "cut":
            way.cut_after = 200_000
        else:
            way.delay = 0.02
        answers = send(stack.dicom_port, [samples.message(d) for d in datasets])
        assert all(answer and answer.status == 0 for answer in answers)
        if fault == "cut":
            wait_until(lambda: way.cuts > 3, "some uploads are cut")
        time.sleep(1)
        if fault != "slow":
            assert len(stack.spooled()) == 12
    finally:
        way.cut_after, way.delay = None, 0.0
        if fault == "away":
            server.start()
    stack.wait_archived(60)
    uid = str(datasets[0].StudyInstanceUID)
    assert stack.query(
        "SELECT instance_count, duplicate_count FROM archive.study WHERE study_uid = %s", uid
    ) == [(12, 0)]
    assert not stack.portal.of("quarantine")
    done = stack.run("verify")
    assert json.loads(done.stdout)["damaged"] == []


def test_an_unfinished_object_is_put_again_and_a_foreign_one_is_kept(
    remote: tuple[Stack, Way], server: Server, tmp_path: Path
) -> None:
    stack, way = remote
    settings = S3(
        endpoint=f"http://127.0.0.1:{way.port}", bucket=BUCKET, prefix="unit",
        access_key_file=stack.root / "access", secret_key_file=stack.root / "secret",
    )  # fmt: skip
    store = S3Store(settings, Cache(tmp_path / "cache", 1 << 20))
    source = tmp_path / "source"
    source.write_bytes(b"0123456789" * 1000)
    deposit = Deposit("H001/a.dcm", source, datetime.now(UTC))
    lying = server.root / BUCKET / "unit" / "H001" / "a.dcm"
    client, key = server.client(), "unit/H001/a.dcm"
    client.put_object(Bucket=BUCKET, Key=key, Body=b"0123")
    assert store.adopt([deposit]) == [None]
    assert store.adopt([deposit]) == [None]
    assert lying.read_bytes() == source.read_bytes()
    assert store.read("H001/a.dcm", 9990, 10) == b"0123456789"
    with pytest.raises((StoreError, FileNotFoundError)):
        store.read("H001/a.dcm", 9995, 10)
    client.put_object(Bucket=BUCKET, Key=key, Body=b"something else")
    (outcome,) = store.adopt([deposit])
    assert isinstance(outcome, OccupiedError)
    assert lying.read_bytes() == b"something else"
    store.delete("H001/a.dcm")
    store.delete("H001/a.dcm")
    assert not store.holds("H001/a.dcm")
    with pytest.raises(FileNotFoundError):
        store.open("H001/a.dcm")


def test_the_cache_keeps_to_its_limit_and_what_was_used_last(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 100_000)
    for number in range(40):
        cache.fill(f"key{number}", 10_000, [bytes(10_000)])
        cache.get("key0")
        time.sleep(0.002)
    kept = [number for number in range(40) if cache.get(f"key{number}")]
    assert len(kept) <= 13
    assert 0 in kept
    assert kept[-1] == 39
    with pytest.raises(StoreError):
        cache.fill("short", 10, [b"123"])
    assert cache.get("short") is None


def test_the_store_command_creates_the_bucket_and_tries_it(
    remote: tuple[Stack, Way], server: Server
) -> None:
    stack, _way = remote
    stack.environment["YUNYING_NODE_S3_BUCKET"] = "another"
    try:
        assert stack.run("store").returncode == 1
        done = stack.run("store", "--create")
        assert json.loads(done.stdout) == {"bucket": "created", "s3": "ok", "local": "ok"}
        assert (server.root / "another").is_dir()
    finally:
        stack.environment["YUNYING_NODE_S3_BUCKET"] = BUCKET


@pytest.mark.req("GEN-7", "ARC-5.6", part=True)
def test_old_studies_move_to_the_bucket_and_are_read_throughout(
    near: Stack, server: Server
) -> None:
    old = samples.slices(6, StudyDate="20200101")
    young = samples.image(StudyDate=time.strftime("%Y%m%d"))
    archived(near, *old, young)
    near.portal.configuration["tiers"] = [{"hospital": "H001", "modality": "CT", "after_days": 365}]
    uid = str(old[0].StudyInstanceUID)
    pages = [samples.address(dataset) for dataset in old]
    deadline = time.monotonic() + 30
    while (near.portal.study(uid) or {}).get("location") != "nearline":
        assert time.monotonic() < deadline, "the study is near line"
        for page in pages:
            assert near.get(f"{page}/frames/1").status_code == 200
    wait_until(lambda: len(list(near.root.glob("store/H001/**/*.dcm"))) == 1, "the files go")
    assert len([p for p in server.objects() if near.root.name in str(p)]) == 6
    for page in pages:
        assert near.get(f"{page}/frames/1").status_code == 200
        assert near.get(page, accept="application/dicom").status_code == 200
    assert near.portal.study(str(young.StudyInstanceUID))["location"] == "online"  # type: ignore[index]
    done = near.run("verify")
    assert json.loads(done.stdout) == {"checked": 7, "damaged": []}
    archived(near, old[0])
    assert near.query("SELECT duplicate_count FROM archive.study WHERE study_uid = %s", uid) == [
        (1,)
    ]
    near.portal.configuration["disposals"] = [{"id": 1, "study_uid": uid}]
    wait_until(lambda: near.portal.of("disposal"), "the study is deleted")
    wait_until(
        lambda: not [p for p in server.objects() if near.root.name in str(p)],
        "the bucket is empty",
    )


@pytest.mark.req("ARC-4.5", part=True)
def test_a_bucket_that_the_portal_names_is_used_from_the_next_start(
    tmp_path: Path, server: Server
) -> None:
    way, stack = Way(server.port), Stack(tmp_path)
    give_keys(stack)
    stack.portal.add_hospital("H001", CT_A=[])
    stack.start_all()
    try:
        stack.wait_configured("CT_A")
        assert _told(stack, None)
        told = {
            "endpoint": f"http://127.0.0.1:{way.port}", "region": "", "bucket": BUCKET,
            "prefix": "told",
        }  # fmt: skip
        old = samples.image(StudyDate="20200101")
        send(stack.dicom_port, [samples.message(old)], "CT_A")
        stack.wait_archived()
        tier = {"hospital": "*", "modality": "*", "after_days": 30}
        stack.configure(node={"s3": told}, tiers=[tier])
        assert _told(stack, "not used yet: it is taken over at the node's next start")
        stack.restart("archive")
        assert _told(stack, "")
        wait_until(
            lambda: stack.query("SELECT location FROM archive.instance") == [("s3",)],
            "the old study is moved to the bucket",
        )
        wait_until(lambda: stack.portal.reports["archive"]["s3_used"], "it says so")
        forget_copies(stack)
        whole = stack.get(samples.address(old), accept="application/dicom")
        assert whole.status_code == 200, "the web process, never restarted, finds it there"
        wrong = told | {"bucket": "no-such-bucket"}
        stack.configure(node={"s3": wrong}, tiers=[])
        assert _told(stack, "not used yet: it is taken over at the node's next start")
        stack.restart("archive")
        assert _told(stack, "there is no such bucket")
        assert stack.portal.violations == []
    finally:
        stack.close()
        way.close()


def test_readers_find_a_bucket_that_is_named_after_their_start(
    tmp_path: Path, server: Server
) -> None:
    cache, way = tmp_path / "portal.json", Way(server.port)
    (tmp_path / "access").write_text(ACCESS_KEY)
    (tmp_path / "secret").write_text(SECRET_KEY)
    keys = S3(access_key_file=tmp_path / "access", secret_key_file=tmp_path / "secret")
    absent: Any = Absent("other")
    config = Config(
        dicom=absent, spool=absent, quarantine=absent, index=absent, web=absent, tickets=absent,
        redis=absent, store=StoreSettings(tmp_path / "store"), s3=keys,
        portal=Portal("", "", tmp_path / "api_key", cache),
    )  # fmt: skip
    kept = FollowingStores(config)
    with pytest.raises(FileNotFoundError):
        kept.read("H001/a.dcm", 0, 4)
    for ask in (kept.holds, kept.stream):
        with pytest.raises(StoreError, match=r"not configured: set node\.s3 in the portal"):
            ask("H001/a.dcm", "s3")

    def name(prefix: str | None) -> None:
        told = {"endpoint": f"http://127.0.0.1:{way.port}", "bucket": BUCKET, "prefix": prefix}
        cache.write_text(json.dumps({"node": {"s3": told if prefix else None}}))

    for prefix in ("first", "second"):
        client, key = server.client(), f"{prefix}/H001/{prefix}.dcm"
        client.put_object(Bucket=BUCKET, Key=key, Body=prefix.encode())
    name("first")
    try:
        assert kept.holds("H001/first.dcm", "s3")
        assert kept.local("H001/first.dcm").read_bytes() == b"first"
        name(None)
        assert kept.read("H001/first.dcm", 0, 5) == b"first", "no answer takes it away"
        with pytest.raises(FileNotFoundError):
            kept.read("H001/second.dcm", 0, 6)
        name("second")
        assert kept.read("H001/second.dcm", 0, 6) == b"second"
    finally:
        way.close()


def test_without_its_bucket_the_archive_waits_and_deletes_nothing(
    tmp_path: Path, server: Server
) -> None:
    way, stack = Way(server.port), Stack(tmp_path)
    give_keys(stack)
    told = {
        "endpoint": f"http://127.0.0.1:{way.port}", "region": "", "bucket": BUCKET,
        "prefix": tmp_path.name,
    }  # fmt: skip
    stack.portal.add_hospital("H001", CT_A=[])
    stack.start_all()
    try:
        tier = {"hospital": "*", "modality": "*", "after_days": 30}
        stack.configure(node={"s3": told}, tiers=[tier])
        stack.restart("archive")
        one, other = (samples.image(StudyDate="20200101") for _ in range(2))
        archived(stack, one, other)
        wait_until(
            lambda: stack.query("SELECT DISTINCT location FROM archive.instance") == [("s3",)],
            "the old studies are moved to the bucket",
        )
        wait_until(lambda: not stack.query("SELECT FROM archive.doomed"), "and the files gone")
        disposals = [{"id": 1, "study_uid": str(one.StudyInstanceUID)}]
        stack.configure(node={"s3": None}, tiers=[], disposals=[])
        stack.stop("archive")
        stack.configure(disposals=disposals)
        stack.start("archive")
        assert _told(stack, str(NotConfiguredError()))
        young = samples.image()
        send(stack.dicom_port, [samples.message(young)], "CT_A")
        time.sleep(2)
        assert stack.portal.of("disposal") == []
        assert len(stack.spooled()) == 1, "what comes waits"
        assert stack.query("SELECT count(*) FROM archive.instance") == [(2,)]
        done = stack.run("verify")
        assert (done.returncode, done.stdout) == (2, "")
        assert f"dicom-node: {NotConfiguredError()}\n" in done.stderr
        assert stack.query("SELECT count(*) FROM archive.damage") == [(0,)]
        _dispose(stack, str(other.StudyInstanceUID))
        assert stack.query("SELECT location FROM archive.doomed") == [("s3",)]
        stack.configure(node={"s3": told})
        assert stack.processes.pop("archive").wait(30) == 0, "it ends, and is started again"
        stack.start("archive")
        stack.wait_archived()
        wait_until(lambda: stack.portal.of("disposal"), "the study is deleted")
        wait_until(
            lambda: not [p for p in server.objects() if tmp_path.name in str(p)],
            "the bucket is empty",
        )
        assert stack.portal.violations == []
    finally:
        stack.close()
        way.close()


def _dispose(stack: Stack, uid: str) -> None:
    """Delete a study with no store but the disk."""
    instructions = Instructions(
        lambda: {"disposals": [{"id": 2, "study_uid": uid}]}, ZoneInfo("UTC")
    )
    root = stack.root / "store"
    disposer = Disposer(Stores(LocalStore(root)), Derived(root), instructions)
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        assert disposer.run_once(connection) >= 1


def _told(stack: Stack, wanted: str | None) -> bool:
    stack.portal.reports.pop("archive", None)
    wait_until(
        lambda: stack.portal.reports.get("archive", {"s3": 0})["s3"] == wanted,
        f"the archive process says {wanted!r}",
        60,
    )
    return True
