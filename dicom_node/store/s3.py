"""Objects in an S3 bucket. What it does not do now, it is asked again later; nothing is dropped."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store as Bucket

from dicom_node.config import S3
from dicom_node.store.base import Deposit, OccupiedError, Stored, StoreError
from dicom_node.store.cache import Cache

CONCURRENCY = 8
PART = 8 << 20
RECEIVED = "received"
_CHUNK = 1 << 20


class S3Store:
    """Puts whole objects, with a SHA-256 that the server compares; reads spans by range."""

    location = "s3"

    def __init__(self, settings: S3, cache: Cache) -> None:
        self.settings = settings
        self.cache = cache
        self._connection: Bucket | None = None
        self._threads = ThreadPoolExecutor(CONCURRENCY, "s3")

    @property
    def _bucket(self) -> Bucket:
        """Made when it is first needed: the files of the key may be written later."""
        if self._connection is None:
            self._connection = _bucket(self.settings)
        return self._connection

    def adopt(self, deposits: Sequence[Deposit]) -> list[OccupiedError | OSError | None]:
        """Once the bucket failed a few in a row it is away: the rest is not tried, but waits."""
        failures: list[OSError] = []

        def adopt(deposit: Deposit) -> OccupiedError | OSError | None:
            if len(failures) >= CONCURRENCY:
                return StoreError(f"not tried, others failed: {failures[-1]}")
            outcome = self._adopt(deposit)
            if isinstance(outcome, OSError):
                failures.append(outcome)
            return outcome

        return list(self._threads.map(adopt, deposits))

    def _adopt(self, deposit: Deposit) -> OccupiedError | OSError | None:
        try:
            if not self._lies_there(deposit):
                self._put(deposit)
        except BaseError as error:
            return StoreError(_reason(error))
        except (OccupiedError, OSError) as error:
            return error
        self.cache.link(deposit.key, deposit.source)
        return None

    def _put(self, deposit: Deposit) -> None:
        size = deposit.source.stat().st_size
        obstore.put(
            self._bucket,
            deposit.key,
            deposit.source,
            attributes={"Content-Type": "application/dicom", RECEIVED: _iso(deposit.received)},
            use_multipart=size > 2 * PART,
            chunk_size=PART,
            max_concurrency=2,
        )
        found = obstore.head(self._bucket, deposit.key)["size"]
        if found != size:
            raise StoreError(f"of {size} bytes put, {found} lie in the bucket")

    def _lies_there(self, deposit: Deposit) -> bool:
        """Whether an earlier attempt put the object; an unfinished one is put once more.

        Raises `OccupiedError` when what lies there is not ours.
        """
        try:
            found = obstore.get(self._bucket, deposit.key)
        except (NotFoundError, FileNotFoundError):
            return False
        with deposit.source.open("rb") as source:
            for chunk in found.stream(_CHUNK):
                if source.read(len(chunk)) != bytes(chunk):
                    raise OccupiedError(deposit.key)
            return not source.read(1)

    def discard(self, key: str, source: Path) -> None:
        deposit = Deposit(key, source, datetime.now(UTC))
        with contextlib.suppress(OccupiedError), _asking():
            if self._lies_there(deposit):
                self.delete(key)

    def commit(self) -> None:
        """Nothing: a bucket answers when the object is safe."""

    def near(self, key: str) -> BinaryIO | None:
        return self.cache.open(key)

    def open(self, key: str) -> BinaryIO:
        return self.cache.open(key) or self._fetch(key).open("rb")

    def local(self, key: str) -> Path:
        return self.cache.get(key) or self._fetch(key)

    def _fetch(self, key: str) -> Path:
        with _asking():
            found = obstore.get(self._bucket, key)
            return self.cache.fill(key, found.meta["size"], map(bytes, found.stream(_CHUNK)))

    def read(self, key: str, offset: int, length: int) -> bytes:
        with _asking():
            found = bytes(obstore.get_range(self._bucket, key, start=offset, length=length))
        if len(found) != length:
            raise StoreError(f"the object ends before byte {offset + length}")
        return found

    def stream(self, key: str) -> Iterator[bytes]:
        with _asking():
            for chunk in obstore.get(self._bucket, key).stream(_CHUNK):
                yield bytes(chunk)

    def holds(self, key: str) -> bool:
        try:
            with _asking():
                obstore.head(self._bucket, key)
        except FileNotFoundError:
            return False
        return True

    def delete(self, key: str) -> None:
        self.cache.remove(key)
        with _asking(), contextlib.suppress(NotFoundError, FileNotFoundError):
            obstore.delete(self._bucket, key)

    def objects(self, after: str) -> Iterator[Stored]:
        with _asking():
            for page in obstore.list(self._bucket, offset=after or None, chunk_size=1000):
                for found in page:
                    key = found["path"]
                    if key > after and key.endswith(".dcm"):
                        yield Stored(key, found["size"], self._received(key, found))

    def ask(self) -> None:
        """Raise `StoreError` when the bucket does not answer; equal troubles in equal words."""
        try:
            next(iter(obstore.list(self._bucket, chunk_size=1)), None)
        except BaseError as error:
            raise StoreError(_trouble(str(error))) from error

    def _received(self, key: str, found: Any) -> datetime:
        attributes = obstore.get(self._bucket, key, options={"head": True}).attributes
        try:
            return datetime.fromisoformat(str(attributes[RECEIVED]))
        except (KeyError, ValueError):
            moment: datetime = found["last_modified"]
            return moment


@contextlib.contextmanager
def _asking() -> Iterator[None]:
    """Turn the library's errors into those of `Store`."""
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        raise FileNotFoundError(2, "no such object") from error
    except BaseError as error:
        raise StoreError(_reason(error)) from error


def _reason(error: BaseError) -> str:
    """One line for the log, without what a server may have put into its answer."""
    return f"{type(error).__name__}: {str(error).splitlines()[0][:200]}" if str(error) else "failed"


def _trouble(text: str) -> str:
    """What a server answered, by its status and the standard's error code alone."""
    code = re.search(r"<Code>([A-Za-z]{1,64})</Code>", text)
    status = re.search(r"status code: ([0-9]{3})", text)
    if code and code[1] == "NoSuchBucket":
        return "there is no such bucket"
    if status:
        return f"the server answers {status[1]} {code[1] if code else ''}".rstrip()
    return "the server is not reached"


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def secret(path: Path) -> str:
    """The content of a file with a key; raise `StoreError` naming the file."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: {type(error).__name__}") from error


def _bucket(settings: S3) -> Bucket:
    return Bucket(
        settings.bucket,
        prefix=settings.prefix.strip("/") or None,
        endpoint=settings.endpoint,
        region=settings.region,
        access_key_id=secret(settings.access_key_file),
        secret_access_key=secret(settings.secret_key_file),
        virtual_hosted_style_request=False,
        checksum_algorithm="SHA256",
        client_options={
            "allow_http": settings.endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=5),
            "read_timeout": timedelta(seconds=20),
            "timeout": timedelta(seconds=settings.timeout),
        },
        # Asked again by whoever has the work: a batch of the spool, a reader's browser.
        retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=10)},
    )
