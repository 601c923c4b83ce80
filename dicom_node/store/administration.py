"""``dicom-node store``: whether the store can be used, and the bucket when it is not there."""

import json
import secrets
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import boto3
from botocore.config import Config as Client
from botocore.exceptions import BotoCoreError, ClientError

from dicom_node.config import S3, Config
from dicom_node.store import stores
from dicom_node.store.base import Deposit, OccupiedError, Store
from dicom_node.store.s3 import secret

ABORT_AFTER_DAYS = 7


def run(config: Config, *, create: bool) -> int:
    """Write, read and delete a small object in every store; 1 with the reason when that fails."""
    results: dict[str, str] = {}
    if create and config.s3.bucket:
        results["bucket"] = _create(config.s3)
    for location, store in stores.of(config).by_location.items():
        results[location] = _probe(store, config.store.path)
    print(json.dumps(results))
    return 0 if set(results.values()) <= {"ok", "created", "there"} else 1


def _probe(store: Store, directory: Path) -> str:
    key, content = f"PROBE/{secrets.token_hex(8)}.dcm", secrets.token_bytes(70_000)
    with tempfile.TemporaryDirectory(dir=directory) as made:
        source = Path(made) / "probe"
        source.write_bytes(content)
        (outcome,) = store.adopt([Deposit(key, source, datetime.now(UTC))])
        if isinstance(outcome, OccupiedError | OSError):
            return f"cannot be written: {outcome}"
        try:
            if store.read(key, 60_000, 1000) != content[60_000:61_000]:
                return "what is read is not what was written"
            store.delete(key)
        except OSError as error:
            return f"cannot be read: {error}"
    return "ok"


def _create(settings: S3) -> str:
    """Create the bucket, and let it drop uploads that were begun and never finished."""
    try:
        client = boto3.client(
            "s3",
            endpoint_url=settings.endpoint,
            region_name=settings.region,
            aws_access_key_id=secret(settings.access_key_file),
            aws_secret_access_key=secret(settings.secret_key_file),
            config=Client(s3={"addressing_style": "path"}, connect_timeout=5, read_timeout=20),
        )
        names = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
        if settings.bucket in names:
            return "there"
        client.create_bucket(Bucket=settings.bucket)
    except (BotoCoreError, ClientError, OSError) as error:
        return f"cannot be created: {error}"
    rule = {
        "ID": "unfinished",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABORT_AFTER_DAYS},
    }
    try:
        client.put_bucket_lifecycle_configuration(
            Bucket=settings.bucket, LifecycleConfiguration={"Rules": [rule]}
        )
    except (BotoCoreError, ClientError):
        # Not every server knows the rule; without it such uploads take room, and nothing else.
        return "created"
    return "created"
