"""An index as large as a region's, made by SQL: rows alone, no objects behind them.

Shorter than a real one's, so that a hundred million instances fit on a small disk: the UIDs of
instances, their objects' keys (some 10 characters) and their digests (8 bytes).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

SQL = Path(__file__).with_name("studies.sql")
TABLES = ("study", "series", "instance")
# Memory for making an index; two cores may work on one.
MAINTENANCE = "SET maintenance_work_mem = '1GB'"

_CONSTRAINTS = """
SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c
WHERE c.connamespace = 'archive'::regnamespace AND c.contype IN ('p', 'u', 'f')
    AND (c.conrelid = ANY(%(tables)s::regclass[]) OR c.confrelid = ANY(%(tables)s::regclass[]))
ORDER BY array_position('{f,p,u}', c.contype::text)
"""
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = ANY(%(tables)s::regclass[])
"""
_INSTANCES = """
COPY (SELECT s.id, '1.2.156.9.' || s.id || '.' || n, '1.2.840.10008.5.1.4.1.1.2', n,
    '1.2.840.10008.1.2.1', s.id || '/' || n, int8send(s.id * 1000 + n), 527000, 350, 512, 512, 1,
    1800, 524288, true, false, s.last_received
FROM archive.series s CROSS JOIN LATERAL generate_series(1, s.instance_count) AS n ORDER BY s.id, n)
TO STDOUT
"""
# In the transaction that emptied the table, so that every row is written once and for all.
_INTO = """
BEGIN; TRUNCATE archive.instance;
COPY archive.instance (series_id, sop_uid, sop_class, number, transfer_syntax, object_key, digest,
    size, dataset_offset, row_count, column_count, frame_count, pixel_offset, frame_length, image,
    withheld, received)
FROM STDIN (FREEZE);
COMMIT;
"""


def generate(dsn: str, studies: int, instances: int) -> None:
    """Fill an empty index: tables first, then what indexes and constraints they had."""
    tables = {"tables": [f"archive.{name}" for name in TABLES]}
    with psycopg.connect(dsn, autocommit=True) as connection:
        constraints = connection.execute(_CONSTRAINTS, tables).fetchall()
        for table, name, _definition in constraints:
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        indexes = connection.execute(_INDEXES, tables).fetchall()
        for name, _definition in indexes:
            connection.execute(f"DROP INDEX {name}")
        values = {"studies": studies, "scale": instances / studies / 100}
        with psycopg.ClientCursor(connection) as cursor:
            for statement in SQL.read_text(encoding="utf-8").split(";\n"):
                if statement.strip():
                    cursor.execute(statement, values)
        connection.execute("VACUUM (FREEZE) archive.study, archive.series")
        _copy(dsn)
        connection.execute(MAINTENANCE)
        # The keys before what refers to them.
        for table, name, definition in reversed(constraints):
            connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        for _name, definition in indexes:
            connection.execute(definition)
        connection.execute("ANALYZE archive.study, archive.series, archive.instance")
        connection.execute("CREATE TABLE public.generated (studies bigint, instances bigint)")
        connection.execute("INSERT INTO public.generated VALUES (%s, %s)", (studies, instances))


def _copy(dsn: str) -> None:
    """Instances from one connection into another, without Python in between."""
    target = conninfo_to_dict(dsn)
    environment = {**os.environ, "PGPASSWORD": str(target.pop("password", ""))}
    psql = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", make_conninfo(**target)]
    source = subprocess.Popen([*psql, "-c", _INSTANCES], env=environment, stdout=subprocess.PIPE)
    statements = [part.strip() for part in _INTO.split(";") if part.strip()]
    commands = [part for statement in statements for part in ("-c", statement)]
    subprocess.run([*psql, *commands], env=environment, stdin=source.stdout, check=True)
    if source.wait():
        raise RuntimeError("reading what is to be copied failed")


if __name__ == "__main__":
    generate(os.environ["YUNYING_BENCH_LARGE_DSN"], int(sys.argv[1]), int(sys.argv[2]))
