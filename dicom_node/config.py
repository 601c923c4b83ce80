"""The node's configuration: a TOML file, then the environment over it."""

import dataclasses
import os
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dicom_node import hospital
from dicom_node.store import layout, told

# What lies below has another 120 characters at most: a code, `digest`, a reason, and a digest.
MAX_WINDOWS_PATH = 130
KEY_FILES = ("access_key_file", "secret_key_file")
ENVIRONMENT_PREFIX = "YUNYING_NODE_"


class ConfigError(Exception):
    """A key is missing, unknown, or has a value that cannot be used; the message names the key."""


@dataclass(frozen=True)
class Dicom:
    """The storage SCP. Sizes in bytes, times in seconds.

    ``data_plane`` is ``direct`` (from the socket to the disk) or ``stock`` (pynetdicom's own way).
    ``max_in_memory`` is what all instances on their way may take together the stock way; the one
    that has been on its way longest may pass it. ``watchdog_seconds`` 0: no watchdog.
    ``tls_port`` 0: no TLS; with ``tls_client_ca_file`` peers need a certificate that it signed.
    """

    ae_title: str
    host: str
    port: int
    max_associations: int = 64
    max_pdu: int = 262_144
    max_instance: int = 1_073_741_824
    max_in_memory: int = 536_870_912
    network_timeout: int = 60
    data_plane: str = "direct"
    watchdog_seconds: float = 10.0
    tls_port: int = 0
    tls_certificate_file: str = ""
    tls_key_file: str = ""
    tls_client_ca_file: str = ""


@dataclass(frozen=True)
class Directory:
    path: Path


@dataclass(frozen=True)
class Store:
    """``kind`` ``local``: objects are files below ``path``; ``s3``: they lie in the bucket of [s3].

    What is made from objects, and a cache of objects from the bucket, lies below ``path`` anyway.
    ``path_template``: where the objects of a hospital lie for which the portal says nothing.
    A front end has no ``path``: it stores nothing, but its file may hold the template.
    """

    path: Path = Path()
    kind: str = "local"
    path_template: str = layout.DEFAULT


@dataclass(frozen=True)
class S3:
    """A bucket; none without ``bucket``. ``cache_size`` in bytes, ``timeout`` seconds a request.

    Without ``bucket``, it and ``endpoint``, ``region`` and ``prefix`` are as the portal says.
    """

    endpoint: str = ""
    region: str = "us-east-1"
    bucket: str = ""
    prefix: str = ""
    access_key_file: Path = Path()
    secret_key_file: Path = Path()
    cache_size: int = 10_737_418_240
    timeout: int = 120


@dataclass(frozen=True)
class ToldS3(S3):
    """The bucket that the portal names, where the node's own file names none."""


@dataclass(frozen=True)
class Index:
    dsn: str


@dataclass(frozen=True)
class Portal:
    """Where events go and where the configuration comes from."""

    url: str
    database: str
    api_key_file: Path
    cache_file: Path
    poll_seconds: float = 5.0
    report_seconds: float = 10.0


@dataclass(frozen=True)
class Archive:
    """``gather_seconds``: how long instances that keep coming wait to be archived together.

    ``settle_seconds``: a series is described once none of its instances came for so long.
    ``time_zone``: whose days count, in paths and in volumes.
    """

    batch_size: int = 500
    poll_seconds: float = 0.2
    gather_seconds: float = 1.0
    settle_seconds: float = 30.0
    time_zone: str = "Asia/Shanghai"


@dataclass(frozen=True)
class Retrieve:
    """When other archives are asked how many instances a study has.

    ``quiet_seconds`` after its last instance, and if that came within ``ask_days``.
    """

    quiet_seconds: float = 300.0
    ask_days: int = 30


@dataclass(frozen=True)
class Web:
    """The DICOMweb server. ``render_queue`` is how many pictures may wait for a decoder."""

    host: str
    port: int
    origin: str
    render_workers: int = 2
    render_queue: int = 32
    render_timeout: float = 20.0
    render_memory: int = 2_147_483_648
    max_pixels: int = 67_108_864


@dataclass(frozen=True)
class Render:
    """The renderer of planes and volumes. ``workers`` 0: one a core.

    ``memory`` bytes of one worker, without the volumes, which lie in files of at most
    ``cache_size`` bytes together; ``reserve`` bytes are left to everybody else. ``sessions`` at
    once; who comes later waits.
    """

    host: str = "127.0.0.1"
    port: int = 18066
    workers: int = 0
    sessions: int = 12
    memory: int = 1_073_741_824
    reserve: int = 1_073_741_824
    cache_size: int = 8_589_934_592
    max_voxels: int = 400_000_000


@dataclass(frozen=True)
class Upload:
    """``hospital``: the code of this front end's hospital; the centre must name the same one.

    Empty: whatever the centre says.
    """

    hospital: str = ""


@dataclass(frozen=True)
class Tickets:
    public_key_file: Path


@dataclass(frozen=True)
class Redis:
    url: str


class Absent:
    """Stands for a section that is not there; whoever needs it after all is told which one."""

    def __init__(self, section: str) -> None:
        self._section = section

    def __getattr__(self, key: str) -> Any:
        raise ConfigError(f"{self._section}.{key}: is missing")


@dataclass(frozen=True)
class Config:
    """All sections; one that a node does not have is `Absent`."""

    dicom: Dicom
    spool: Directory
    quarantine: Directory
    index: Index
    portal: Portal
    web: Web
    tickets: Tickets
    redis: Redis
    store: Store = field(default_factory=Store)
    archive: Archive = field(default_factory=Archive)
    s3: S3 = field(default_factory=S3)
    retrieve: Retrieve = field(default_factory=Retrieve)
    render: Render = field(default_factory=Render)
    upload: Upload = field(default_factory=Upload)

    def has(self, section: str) -> bool:
        return not isinstance(getattr(self, section), Absent)


EVERY_SECTION = frozenset(get_type_hints(Config))
# A front-end node: it receives, keeps, and uploads.
FRONT_END = frozenset(("dicom", "spool", "quarantine", "portal"))


def load(
    path: Path,
    environment: Mapping[str, str] = os.environ,
    needed: Collection[str] = EVERY_SECTION,
) -> Config:
    """Read *path* and the environment; raise `ConfigError` that names the key at fault.

    A section that is not *needed* may be missing as a whole.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    sections = get_type_hints(Config)
    for name in document:
        if name not in sections:
            raise ConfigError(f"{path}: unknown section [{name}]")
    overrides = _environment(sections, environment)
    values: dict[str, Any] = {
        name: _section(name, kind, document.get(name, {}), overrides.get(name, {}))
        if name in needed or name in document or name in overrides or not _has_required(kind)
        else Absent(name)
        for name, kind in sections.items()
    }
    config = Config(**values)
    config = dataclasses.replace(config, s3=bucket(config))
    if "store" in needed and not config.store.path.name:
        raise ConfigError("store.path: is missing")
    _check(config)
    return config


def names_bucket(config: Config) -> bool:
    """Whether the node's own file names a bucket: then nothing is as the portal says."""
    return bool(config.s3.bucket) and not isinstance(config.s3, ToldS3)


def bucket(config: Config) -> S3:
    """The bucket of the node's own file, or else the one that the portal names now.

    What the portal says is of no use without the keys to it, and no answer takes a bucket away.
    """
    own, keys = config.s3, {key: getattr(config.s3, key) for key in KEY_FILES}
    if names_bucket(config) or not config.has("portal") or Path() in keys.values():
        return own
    named: Mapping[str, Any] = told.kept(config.portal.cache_file)
    if not named:
        return own
    return ToldS3(**named, **keys, cache_size=own.cache_size, timeout=own.timeout)


def _environment(
    sections: Mapping[str, Any], environment: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    known = {
        f"{ENVIRONMENT_PREFIX}{section}_{item.name}".upper(): (section, item.name)
        for section, kind in sections.items()
        for item in dataclasses.fields(kind)
    }
    overrides: dict[str, dict[str, str]] = {}
    for variable, text in environment.items():
        if not variable.startswith(ENVIRONMENT_PREFIX):
            continue
        if variable not in known:
            raise ConfigError(f"environment variable {variable}: no such setting")
        section, key = known[variable]
        overrides.setdefault(section, {})[key] = text
    return overrides


def _section(name: str, kind: Any, given: Any, overrides: Mapping[str, str]) -> Any:
    if not isinstance(given, dict):
        raise ConfigError(f"[{name}] must be a table")
    types = get_type_hints(kind)
    for key in given:
        if key not in types:
            raise ConfigError(f"{name}.{key}: no such setting")
    values: dict[str, Any] = {}
    for item in dataclasses.fields(kind):
        if item.name in overrides:
            values[item.name] = _convert(name, item.name, types[item.name], overrides[item.name])
        elif item.name in given:
            values[item.name] = _convert(name, item.name, types[item.name], given[item.name])
        elif item.default is dataclasses.MISSING:
            raise ConfigError(f"{name}.{item.name}: is missing")
    return kind(**values)


def _has_required(kind: Any) -> bool:
    return any(
        item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        for item in dataclasses.fields(kind)
    )


def _convert(section: str, key: str, kind: type, value: Any) -> Any:
    text_or_number = isinstance(value, str | int | float) and not isinstance(value, bool)
    try:
        if text_or_number and kind in (int, float):
            return kind(value)
        if isinstance(value, str) and value:
            return kind(value)
    except ValueError:
        pass
    raise ConfigError(f"{section}.{key}: {value!r} is not a {kind.__name__}")


def _check(config: Config) -> None:
    if config.has("dicom"):
        _check_dicom(config.dicom)
    for key in ("spool", "quarantine"):
        if os.name == "nt" and config.has(key):
            _check_length(f"{key}.path", getattr(config, key).path)
    if config.upload.hospital and not hospital.is_code(config.upload.hospital):
        raise ConfigError(f"upload.hospital: {config.upload.hospital!r} is no hospital's code")
    if config.has("web"):
        _check_port("web.port", config.web.port)
    _check_render(config.render)
    if not 1 <= config.archive.batch_size <= 5000:
        raise ConfigError("archive.batch_size: must be between 1 and 5000")
    try:
        ZoneInfo(config.archive.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(
            f"archive.time_zone: {config.archive.time_zone!r} is not known"
        ) from error
    _check_stores(config)


def _check_dicom(dicom: Dicom) -> None:
    if not re.fullmatch(r"[ -\[\]-~]{1,16}", dicom.ae_title):
        raise ConfigError("dicom.ae_title: must be 1 to 16 printable characters without backslash")
    if dicom.tls_port:
        if not 0 < dicom.tls_port < 65536 or dicom.tls_port == dicom.port:
            raise ConfigError(f"dicom.tls_port: {dicom.tls_port} is no port of its own")
        for key in ("tls_certificate_file", "tls_key_file"):
            if not getattr(dicom, key):
                raise ConfigError(f"dicom.{key}: is missing, and dicom.tls_port is set")
    if dicom.watchdog_seconds < 0:
        raise ConfigError("dicom.watchdog_seconds: must not be negative")
    if dicom.data_plane not in ("direct", "stock"):
        raise ConfigError("dicom.data_plane: must be 'direct' or 'stock'")
    _check_port("dicom.port", dicom.port)


def _check_render(render: Render) -> None:
    _check_port("render.port", render.port)
    for key, least in (("workers", 0), ("sessions", 1), ("memory", 1 << 28), ("reserve", 0)):
        if getattr(render, key) < least:
            raise ConfigError(f"render.{key}: must be at least {least}")


def _check_length(key: str, path: Path) -> None:
    """Windows opens no longer path than 260 characters, unless its registry says otherwise."""
    if len(str(path)) > MAX_WINDOWS_PATH:
        raise ConfigError(f"{key}: is longer than {MAX_WINDOWS_PATH} characters")


def _check_port(key: str, port: int) -> None:
    if not 0 < port < 65536:
        raise ConfigError(f"{key}: {port} is not a port")


def _check_stores(config: Config) -> None:
    try:
        layout.Layout(config.store.path_template)
    except layout.InvalidTemplateError as error:
        raise ConfigError(f"store.path_template: {error}") from error
    if config.store.kind not in ("local", "s3"):
        raise ConfigError(f"store.kind: {config.store.kind!r} is neither local nor s3")
    if config.store.kind == "s3" and not config.s3.bucket:
        raise ConfigError(
            "s3.bucket: is missing, and store.kind is s3: set it here, or in the portal before"
        )
    if not config.s3.bucket:
        return
    if not re.fullmatch(r"https?://[^\s/]+", config.s3.endpoint):
        raise ConfigError("s3.endpoint: must be http:// or https:// and a host, without a path")
    for key in KEY_FILES:
        if getattr(config.s3, key) == Path():
            raise ConfigError(f"s3.{key}: is missing")
