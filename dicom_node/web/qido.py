"""QIDO-RS (PS3.18 section 10.6): searches of the index, answered as DICOM JSON."""

from collections.abc import Sequence
from datetime import date, time
from typing import Any, LiteralString

from psycopg.rows import DictRow

from dicom_node.web.attributes import INSTANCE, SERIES, STUDY, Attribute
from dicom_node.web.catalog import Catalog, Condition, scope
from dicom_node.web.query import Query
from dicom_node.web.ticket import Ticket

_RETURNED: dict[str, Sequence[Attribute]] = {
    "studies": STUDY,
    "series": (*STUDY, *SERIES),
    "instances": (*STUDY, *SERIES, *INSTANCE),
}
_FROM: dict[str, LiteralString] = {
    "studies": "archive.study t",
    "series": "archive.series s JOIN archive.study t ON t.id = s.study_id",
    "instances": "archive.instance i JOIN archive.series s ON s.id = i.series_id"
    " JOIN archive.study t ON t.id = s.study_id",
}
_ORDER: dict[str, LiteralString] = {
    "studies": "t.study_date DESC NULLS LAST, t.study_time DESC NULLS LAST, t.id DESC",
    "series": "t.study_date DESC NULLS LAST, t.study_time DESC NULLS LAST, t.id DESC,"
    " s.number NULLS LAST, s.id",
    "instances": "t.study_date DESC NULLS LAST, t.study_time DESC NULLS LAST, t.id DESC,"
    " s.number NULLS LAST, s.id, i.number NULLS LAST, i.id",
}
# Counts that an anonymous ticket is shown leave out what is withheld from it.
_COUNTS: dict[str, tuple[LiteralString, LiteralString]] = {
    "studies": (
        ", t.series_count AS series, t.instance_count AS instances",
        ", (SELECT count(DISTINCT s.id) FROM archive.series s JOIN archive.instance i"
        " ON i.series_id = s.id WHERE s.study_id = t.id AND NOT i.withheld) AS series"
        ", (SELECT count(*) FROM archive.series s JOIN archive.instance i ON i.series_id = s.id"
        " WHERE s.study_id = t.id AND NOT i.withheld) AS instances",
    ),
    "series": (
        ", s.instance_count AS instances",
        ", (SELECT count(*) FROM archive.instance i WHERE i.series_id = s.id AND NOT i.withheld)"
        " AS instances",
    ),
    "instances": ("", ""),
}
_COUNT_TAGS = {
    ("studies", "series"): "00201206",
    ("studies", "instances"): "00201208",
    ("series", "instances"): "00201209",
}


# So many candidates are looked at one by one sooner than the latest studies until enough match.
_FEW = 3000


async def search(
    catalog: Catalog, ticket: Ticket, level: str, query: Query, base: str
) -> tuple[list[dict[str, Any]], bool]:
    """Return the results as DICOM JSON, and whether there are more."""
    question = probe(query.condition)
    if question is not None:
        query.condition.choose(await catalog.rows(*question, prepare=False))
    sql, parameters = statement(ticket, level, query)
    rows = await catalog.rows(sql, parameters, prepare=False)
    returned = _returned(ticket, level)
    results = [_result(level, row, returned, base) for row in rows[: query.limit]]
    return results, len(rows) > query.limit


def found(level: str, ticket: Ticket, row: DictRow) -> dict[str, Any]:
    """A row of `statement` as DICOM JSON, for whoever has no address to name."""
    result = _result(level, row, _returned(ticket, level), "")
    del result["00081190"]
    return result


def _returned(ticket: Ticket, level: str) -> list[Attribute]:
    returned = list(_RETURNED[level])
    if ticket.anonymous:
        return [attribute.masked() for attribute in returned if attribute.anonymous]
    return returned


def probe(condition: Condition) -> tuple[LiteralString, dict[str, Any]] | None:
    """The question whose answer `choose` wants before a search; None: it goes without.

    The index knows how rare one piece of a name is; of several it takes the product, and would
    believe any name to be rare. Of the answer nobody is told, so that it needs no ticket's scope.
    """
    if not condition.doubtful:
        return None
    sql: LiteralString = (
        "SELECT count(*) <= %(few)s AS few FROM (SELECT FROM archive.study t"  # noqa: S608
        f" WHERE {' AND '.join(condition.hints)} LIMIT %(few)s + 1) AS candidates"
    )
    return sql, condition.parameters | {"few": _FEW}


def statement(ticket: Ticket, level: str, query: Query) -> tuple[LiteralString, dict[str, Any]]:
    """The SQL of a search, and its parameters; one row more than asked says that there are more."""
    condition = scope(ticket)
    condition.sql += query.condition.sql + query.condition.hints
    condition.parameters |= query.condition.parameters
    if ticket.anonymous and level == "instances":
        condition.add("NOT i.withheld")
    if ticket.anonymous and level == "series":
        condition.add(
            "EXISTS (SELECT FROM archive.instance i WHERE i.series_id = s.id AND NOT i.withheld)"
        )
    columns: LiteralString = ", ".join(f'{a.column} AS "{a.tag}"' for a in _returned(ticket, level))
    counts = _COUNTS[level][ticket.anonymous]
    sql: LiteralString = (
        f"SELECT {columns}{counts} FROM {_FROM[level]} WHERE {condition.where()}"  # noqa: S608
        f" ORDER BY {_ORDER[level]} LIMIT %(limit)s OFFSET %(offset)s"
    )
    return sql, condition.parameters | {"limit": query.limit + 1, "offset": query.offset}


def _result(level: str, row: DictRow, returned: Sequence[Attribute], base: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "00080056": {"vr": "CS", "Value": ["ONLINE"]},
        "00081190": {"vr": "UR", "Value": [_address(level, row, base)]},
    }
    for attribute in returned:
        result[attribute.tag] = element(attribute.vr, row[attribute.tag])
    for (at, name), tag in _COUNT_TAGS.items():
        if at == level:
            result[tag] = {"vr": "IS", "Value": [row[name]]}
    if result.get("00280008", {}).get("Value") == [0]:
        del result["00280008"]
    return dict(sorted(result.items()))


def _address(level: str, row: DictRow, base: str) -> str:
    address = f"{base}/studies/{row['0020000D']}"
    if level != "studies":
        address += f"/series/{row['0020000E']}"
    if level == "instances":
        address += f"/instances/{row['00080018']}"
    return address


def element(vr: str, value: Any) -> dict[str, Any]:
    if value is None or value in ("", []):
        return {"vr": vr}
    if isinstance(value, date):
        return {"vr": vr, "Value": [value.strftime("%Y%m%d")]}
    if isinstance(value, time):
        return {"vr": vr, "Value": [value.strftime("%H%M%S")]}
    if isinstance(value, list):
        return {"vr": vr, "Value": value}
    if vr == "PN":
        groups = zip(("Alphabetic", "Ideographic", "Phonetic"), value.split("="), strict=False)
        return {"vr": vr, "Value": [{name: group for name, group in groups if group}]}
    return {"vr": vr, "Value": [value]}
