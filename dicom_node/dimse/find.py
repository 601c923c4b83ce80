"""C-FIND, patient and study root (PS3.4 annex C.4.1): the searches of QIDO-RS, asked by DIMSE."""

from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from dicom_node import log
from dicom_node.dimse.index import Index, ticket
from dicom_node.dimse.policy import Device
from dicom_node.web import qido
from dicom_node.web.catalog import scope
from dicom_node.web.problem import Problem
from dicom_node.web.query import Query, parse

MAX_RESULTS = 10_000
# Status of C-FIND, PS3.4 table C.4-1.
PENDING, CANCEL = 0xFF00, 0xFE00
OUT_OF_RESOURCES, WRONG_IDENTIFIER, UNABLE = 0xA700, 0xA900, 0xC001

_LEVELS = {"STUDY": "studies", "SERIES": "series", "IMAGE": "instances"}
# The unique keys of the levels above must be there (PS3.4 C.4.1.2.1).
_ABOVE = {
    "SERIES": ("StudyInstanceUID",),
    "IMAGE": ("StudyInstanceUID", "SeriesInstanceUID"),
}
_NO_MATCHING = frozenset(("QueryRetrieveLevel", "SpecificCharacterSet", "TimezoneOffsetFromUTC"))
_PATIENTS: LiteralString = """
SELECT t.patient_id AS "00100020", max(t.patient_name) AS "00100010",
    max(t.birth_date) AS "00100030", max(t.sex) AS "00100040", count(*) AS "00201200"
FROM archive.study t WHERE {where} GROUP BY t.patient_id ORDER BY t.patient_id LIMIT %(limit)s
"""


class IdentifierError(Exception):
    """The identifier of a request is not as it must be; the message names the attribute."""


def find(index: Index, device: Device, address: str, own_ae: str, event: Any) -> Iterator[Any]:
    """Answer one C-FIND request with (status, identifier) pairs."""
    try:
        identifier = event.identifier
        level = str(identifier.get("QueryRetrieveLevel", "")).strip()
        rows = _rows(index, device, level, identifier)
        index.record(device, address, [""], "search")
    except (IdentifierError, Problem) as error:
        yield _failure(WRONG_IDENTIFIER, str(error)), None
        return
    except psycopg.Error as error:
        log.get().error("query_failed", calling_ae=device.ae_title, error=type(error).__name__)
        yield _failure(UNABLE, "the index does not answer"), None
        return
    except Exception as error:  # noqa: BLE001 - whatever pydicom makes of bytes from outside
        log.get().warning("query_unreadable", calling_ae=device.ae_title, error=repr(error)[:200])
        yield _failure(WRONG_IDENTIFIER, "the identifier cannot be read"), None
        return
    for row in rows[:MAX_RESULTS]:
        if event.is_cancelled:
            yield CANCEL, None
            return
        yield PENDING, _answer(row, identifier, level, own_ae)
    if len(rows) > MAX_RESULTS:
        yield _failure(OUT_OF_RESOURCES, f"more than {MAX_RESULTS} matches: narrow the query"), None


def keys(identifier: Dataset) -> Iterator[tuple[str, str]]:
    """The matching keys of an identifier, as parameters of QIDO-RS."""
    for element in identifier:
        keyword = keyword_for_tag(element.tag)
        if not keyword or keyword in _NO_MATCHING or element.VR == "SQ":
            continue
        value = element.value
        text = "\\".join(map(str, value)) if isinstance(value, MultiValue) else str(value or "")
        if text.strip():
            yield keyword, text.strip()


def _rows(index: Index, device: Device, level: str, identifier: Dataset) -> list[dict[str, Any]]:
    who = ticket(device)
    if level == "PATIENT":
        query = _parse(index, "studies", identifier, device)
        condition = scope(who)
        condition.sql += query.condition.sql + query.condition.hints
        condition.parameters |= query.condition.parameters
        found = index.rows(
            _PATIENTS.replace("{where}", condition.where()),
            condition.parameters | {"limit": MAX_RESULTS + 1},
        )
        return [_patient(row) for row in found]
    if level not in _LEVELS:
        raise IdentifierError("QueryRetrieveLevel: is none of PATIENT, STUDY, SERIES, IMAGE")
    for keyword in _ABOVE.get(level, ()):
        if not identifier.get(keyword):
            raise IdentifierError(f"{keyword}: is missing at level {level}")
    name = _LEVELS[level]
    sql, parameters = qido.statement(who, name, _parse(index, name, identifier, device))
    return [qido.found(name, who, row) for row in index.rows(sql, parameters)]


def _parse(index: Index, level: str, identifier: Dataset, device: Device) -> Query:
    query = parse(level, keys(identifier), ticket(device))
    query.limit, query.offset = MAX_RESULTS, 0
    question = qido.probe(query.condition)
    if question is not None:
        query.condition.choose(index.rows(*question))
    return query


def _patient(row: dict[str, Any]) -> dict[str, Any]:
    vrs = {"00100010": "PN", "00100020": "LO", "00100030": "DA", "00100040": "CS", "00201200": "IS"}
    return {tag: qido.element(vr, row[tag]) for tag, vr in vrs.items()}


def _answer(row: dict[str, Any], identifier: Dataset, level: str, own_ae: str) -> Dataset:
    """What was asked for, and nothing else; an attribute that is not kept comes empty."""
    found = Dataset.from_json(row)
    result = Dataset()
    for element in identifier:
        if element.tag in found:
            result[element.tag] = found[element.tag]
        elif element.keyword not in _NO_MATCHING and element.VR != "SQ":
            result.add_new(element.tag, element.VR, "")
    result.SpecificCharacterSet = "ISO_IR 192"
    result.QueryRetrieveLevel = level
    result.RetrieveAETitle = own_ae
    return result


def _failure(status: int, comment: str) -> Dataset:
    result = Dataset()
    result.Status = status
    result.ErrorComment = comment[:64]
    return result
