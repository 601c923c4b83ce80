"""Whether the bucket answers, looked at in a thread of its own: it may take its time."""

import threading
import time
from collections.abc import Mapping
from typing import Any

from dicom_node import log
from dicom_node.config import KEY_FILES, S3, Config, names_bucket
from dicom_node.store.s3 import S3Store
from dicom_node.store.stores import Stores

INTERVAL = 60.0


class Watch:
    """``error``: why the bucket does not answer, empty when it does, None when there is none."""

    def __init__(self, stores: Stores, interval: float = INTERVAL) -> None:
        store = stores.by_location.get("s3")
        self._store = store if isinstance(store, S3Store) else None
        self._interval = interval
        self.error: str | None = None

    def start(self) -> None:
        if self._store is not None:
            threading.Thread(target=self._run, args=(self._store,), daemon=True).start()

    def _run(self, store: S3Store) -> None:
        while True:
            try:
                store.ask()
                error = ""
            except OSError as failure:
                error = str(failure)[:300]
            if error and error != self.error:
                log.get().warning("bucket_does_not_answer", error=error)
            self.error = error
            time.sleep(self._interval)


def not_taken_over(config: Config, named: Mapping[str, str]) -> str:
    """Why the bucket that the portal names (`told.bucket`) is not used; empty when it is."""
    if not named or _place(config.s3) == _place(S3(**dict[str, Any](named))):
        return ""
    if names_bucket(config):
        return "not used: the node's own file names another bucket"
    for key in KEY_FILES:
        if not getattr(config.s3, key).name:
            return f"not used: s3.{key} is missing in the node's own file"
    return "not used yet: it is taken over at the node's next start"


def _place(settings: S3) -> tuple[str, ...]:
    endpoint, prefix = settings.endpoint.rstrip("/"), settings.prefix.strip("/")
    return endpoint, settings.region, settings.bucket, prefix
