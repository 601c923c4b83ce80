"""Creates and migrates the schema ``archive``: numbered SQL files, each in one transaction."""

from importlib import resources

import psycopg

from dicom_node import log
from dicom_node.config import Config

LOCK = 7_241_000_001
# A script that waits for a table has whoever comes after it wait too: it gives up sooner than that
# hurts, and later than the longest search (15 s) lasts.
LOCK_TIMEOUT = "30s"
# For each index that is made; PostgreSQL's own 64 MB are for machines that do much else meanwhile.
MEMORY = "256MB"


def scripts() -> list[tuple[int, str, str]]:
    """(number, name, SQL) of every migration, in order."""
    folder = resources.files("dicom_node.archive") / "migrations"
    found = [
        (int(item.name.split("_")[0]), item.name, item.read_text(encoding="utf-8"))
        for item in folder.iterdir()
        if item.name.endswith(".sql")
    ]
    return sorted(found)


def migrate(dsn: str) -> list[str]:
    """Bring the schema up to date and return the names of the scripts that were run.

    Raises `psycopg.Error`: a script that did not get its table leaves nothing behind.
    """
    done = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        # Only now: another process may be migrating, and take as long as that takes.
        connection.execute("SELECT set_config('lock_timeout', %s, false)", (LOCK_TIMEOUT,))
        connection.execute("SELECT set_config('maintenance_work_mem', %s, false)", (MEMORY,))
        connection.execute("CREATE SCHEMA IF NOT EXISTS archive")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS archive.migration"
            " (number integer PRIMARY KEY, name text NOT NULL, at timestamptz DEFAULT now())"
        )
        known = {number for (number,) in connection.execute("SELECT number FROM archive.migration")}
        for number, name, script in scripts():
            if number in known:
                continue
            with connection.transaction():
                connection.execute(script.encode())
                connection.execute(
                    "INSERT INTO archive.migration (number, name) VALUES (%s, %s)", (number, name)
                )
            log.get().info("migrated", script=name)
            done.append(name)
    return done


def is_current(connection: psycopg.Connection) -> bool:
    """Whether the schema is as new as this program."""
    (exists,) = connection.execute("SELECT to_regclass('archive.migration')").fetchone() or (None,)
    if exists is None:
        return False
    row = connection.execute("SELECT max(number) FROM archive.migration").fetchone()
    return row is not None and row[0] is not None and row[0] >= scripts()[-1][0]


def run(config: Config) -> int:
    """``dicom-node migrate``."""
    try:
        migrate(config.index.dsn)
    except psycopg.Error as error:
        log.get().error("migration_failed", detail=str(error).split("\n")[0])
        return 1
    return 0
