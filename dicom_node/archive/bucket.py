"""The archive and its bucket: no round without the one that objects lie in, and what is told."""

import psycopg

from dicom_node import log, signals
from dicom_node.archive.instructions import Instructions
from dicom_node.config import Config
from dicom_node.config import bucket as named
from dicom_node.store.base import NotConfiguredError
from dicom_node.store.stores import Stores
from dicom_node.store.watch import Watch, not_taken_over


def holds_objects(connection: psycopg.Connection) -> bool:
    """Whether objects lie in the bucket, those that are still to be deleted too."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM archive.instance WHERE location = 's3')"
        " OR EXISTS (SELECT FROM archive.doomed WHERE location = 's3')"
    ).fetchone()
    return bool(row and row[0])


class Bucket:
    """The bucket that this process took at its start, if there was one."""

    def __init__(self, config: Config, store: Stores, instructions: Instructions) -> None:
        self._config = config
        self._instructions = instructions
        self._known = "s3" in store.by_location
        self._watch = Watch(store)

    def start(self) -> None:
        self._watch.start()

    def ready(self, connection: psycopg.Connection) -> None:
        """Raise `NotConfiguredError` when objects lie in a bucket that is not known.

        A study would be told to be deleted, and stay there. The spool keeps what comes meanwhile.
        """
        if self._known or not holds_objects(connection):
            return
        if named(self._config).bucket:
            log.get().warning("bucket_named", bucket=named(self._config).bucket)
            signals.end()
        raise NotConfiguredError

    def settled(self) -> bool:
        """Whether the bucket in use is the one that is in use after the next start too."""
        return not self._known or named(self._config) == self._config.s3

    def trouble(self, *, used: bool | None) -> str | None:
        """Why it does not answer or is not used, empty when all is well, None without a bucket.

        *used*: whether objects lie in it.
        """
        if used and not self._known:
            return str(NotConfiguredError())
        waiting = not_taken_over(self._config, self._instructions.bucket())
        return self._watch.error or waiting or self._watch.error
