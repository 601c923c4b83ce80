"""What the viewer's first paint needs, in one answer (private, see docs/architecture.md)."""

import re
from typing import Any, LiteralString

from psycopg.rows import DictRow

from dicom_node.dataset.text import display_name
from dicom_node.web.attributes import CODE
from dicom_node.web.catalog import Catalog, scope
from dicom_node.web.problem import not_found
from dicom_node.web.ticket import Ticket

_STUDY: LiteralString = """
SELECT t.id, t.study_uid, t.hospital, t.study_date, t.study_time, t.description, t.patient_name,
    t.patient_id, t.sex, t.birth_date, t.accession_number,
    (SELECT count(*) FROM archive.series s JOIN archive.instance i ON i.series_id = s.id
     WHERE s.study_id = t.id AND i.withheld) AS withheld
FROM archive.study t WHERE """

# The picture in the middle stands for a series: its ends are often air.
_SERIES: LiteralString = """
SELECT s.series_uid, s.number, s.modality, s.description, s.body_part,
    count(*) AS instances, sum(i.frame_count) AS frames, bool_or(i.image) AS viewable,
    (array_agg(i.sop_uid ORDER BY i.image DESC, i.number NULLS LAST, i.id))
        [1 + (count(*) FILTER (WHERE i.image))::int / 2] AS middle,
    (array_agg(i.sop_uid ORDER BY i.image DESC, i.number NULLS LAST, i.id))[1] AS first,
    (array_agg(i.sop_class ORDER BY i.image DESC, i.number NULLS LAST, i.id))[1] AS sop_class,
    (array_agg(i.transfer_syntax ORDER BY i.image DESC, i.number NULLS LAST, i.id))[1]
        AS transfer_syntax
FROM archive.series s JOIN archive.instance i ON i.series_id = s.id
WHERE s.study_id = %(study)s AND NOT (%(anonymous)s AND i.withheld)
GROUP BY s.id ORDER BY s.number NULLS LAST, s.id
"""


async def overview(catalog: Catalog, ticket: Ticket, study: str) -> dict[str, Any]:
    """The study and its series as *ticket* may see them; raise `Problem` 404."""
    condition = scope(ticket)
    condition.add("t.study_uid = %(study)s", study=study)
    rows = await catalog.rows(_STUDY + condition.where(), condition.parameters)
    if not rows:
        raise not_found()
    parameters = {"study": rows[0]["id"], "anonymous": ticket.anonymous}
    series = await catalog.rows(_SERIES, parameters)
    return {
        "study": _study(rows[0], anonymous=ticket.anonymous),
        "series": [_series(row, anonymous=ticket.anonymous) for row in series],
    }


def _study(row: DictRow, *, anonymous: bool) -> dict[str, Any]:
    day, clock, born = row["study_date"], row["study_time"], row["birth_date"]
    named = {
        "time": clock.isoformat() if clock else None,
        "description": row["description"],
        "patient_name": display_name(row["patient_name"]),
        "patient_id": row["patient_id"],
        "patient_sex": row["sex"],
        "patient_birth_date": born.isoformat() if born else None,
        "accession_number": row["accession_number"],
        "hospital": row["hospital"],
    }
    if anonymous:
        named = {key: None if key in _TIMES else "" for key in named}
    return {
        "uid": row["study_uid"],
        "date": day.isoformat() if day else None,
        **named,
        "anonymous": anonymous,
        "withheld": row["withheld"] if anonymous else 0,
    }


_TIMES = frozenset(("time", "patient_birth_date"))


def _code(text: str) -> str:
    return text if re.fullmatch(CODE, text) else ""


def _series(row: DictRow, *, anonymous: bool) -> dict[str, Any]:
    return {
        "uid": row["series_uid"],
        "number": row["number"],
        "modality": _code(row["modality"]) if anonymous else row["modality"],
        "description": "" if anonymous else row["description"],
        "body_part": _code(row["body_part"]) if anonymous else row["body_part"],
        "instance_count": row["instances"],
        "frame_count": int(row["frames"]),
        "representative": row["middle"] if row["viewable"] else row["first"],
        "sop_class": row["sop_class"],
        "transfer_syntax": row["transfer_syntax"],
        "viewable": row["viewable"],
    }
