"""Searches as people and devices make them, each with other values than the one before."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

import psycopg
from psycopg.rows import class_row

SEED = 20
# Of these the values are taken: more than there are requests.
SAMPLE = 2000


@dataclass(frozen=True)
class Known:
    """One study of the index, and one of its series and instances."""

    hospital: str
    patient_id: str
    patient_name: str
    accession_number: str
    description: str
    study_date: date
    modality: str
    study: str
    series: str
    sop: str


_KNOWN = """
SELECT t.hospital, t.patient_id, t.patient_name, t.accession_number, t.description, t.study_date,
    t.modalities[1] AS modality, t.study_uid AS study, s.series_uid AS series, i.sop_uid AS sop
FROM archive.study t JOIN LATERAL
    (SELECT * FROM archive.series s WHERE s.study_id = t.id ORDER BY id LIMIT 1) AS s ON true
JOIN LATERAL
    (SELECT sop_uid FROM archive.instance i WHERE i.series_id = s.id LIMIT 1) AS i ON true
WHERE t.id = ANY(%s)
"""


def sample(dsn: str) -> list[Known]:
    """Studies of the index, at random but the same ones every time."""
    chance = random.Random(SEED)  # noqa: S311
    with psycopg.connect(dsn) as connection:
        (highest,) = connection.execute("SELECT max(id) FROM archive.study").fetchone() or (0,)
        wanted = [chance.randint(1, highest) for _ in range(SAMPLE)]
        with connection.cursor(row_factory=class_row(Known)) as cursor:
            found = cursor.execute(_KNOWN, (wanted,)).fetchall()
    chance.shuffle(found)
    return found


@dataclass(frozen=True)
class Kind:
    """``keys`` makes the parameters of a search from a study that it shall find."""

    name: str
    keys: Callable[[Known, random.Random], dict[str, str]]
    level: str = "studies"


def _pinyin(known: Known) -> str:
    return known.patient_name.partition("=")[0]


def _han(known: Known) -> str:
    """The name in Chinese without ^; for who has none, some other."""
    return "".join(re.findall(r"[一-鿿]", known.patient_name)) or "陈晓燕"


def _month(known: Known) -> str:
    first = known.study_date.replace(day=1)
    return f"{first:%Y%m%d}-{first:%Y%m}31" if _has_31(first) else f"{first:%Y%m%d}-{first:%Y%m}28"


def _has_31(day: date) -> bool:
    return day.month in (1, 3, 5, 7, 8, 10, 12)


def _day(known: Known) -> str:
    return f"{known.study_date:%Y%m%d}"


KINDS = (
    Kind("PatientID", lambda k, _: {"PatientID": k.patient_id}),
    Kind("PatientID, its end: *1234", lambda k, _: {"PatientID": f"*{k.patient_id[-4:]}"}),
    Kind("AccessionNumber", lambda k, _: {"AccessionNumber": k.accession_number}),
    Kind("PatientName: Wang^Xiaoming", lambda k, _: {"PatientName": _pinyin(k)}),
    Kind("PatientName: Wang^Xi*", lambda k, _: {"PatientName": f"{_pinyin(k)[:7]}*"}),
    Kind("PatientName: Wan*", lambda k, _: {"PatientName": f"{_pinyin(k)[:3]}*"}),
    Kind("PatientName: *aomi*", lambda k, _: {"PatientName": f"*{_pinyin(k)[-4:]}*"}),
    Kind("PatientName: 王小明", lambda k, _: {"PatientName": _han(k)}),
    Kind("PatientName: 王小*", lambda k, _: {"PatientName": f"{_han(k)[:2]}*"}),
    Kind("PatientName: 王*", lambda k, _: {"PatientName": f"{_han(k)[:1]}*"}),
    Kind("PatientName: *小明*", lambda k, _: {"PatientName": f"*{_han(k)[1:]}*"}),
    Kind("PatientName: nobody's", lambda k, r: {"PatientName": f"Qxz{r.randint(0, 999)}*"}),
    Kind("StudyDescription: *CTA*", lambda k, _: {"StudyDescription": f"*{k.description[-3:]}*"}),
    Kind("StudyDate: a day", lambda k, _: {"StudyDate": _day(k)}),
    Kind("StudyDate: a day, one modality",
         lambda k, _: {"StudyDate": _day(k), "ModalitiesInStudy": k.modality}),
    Kind("StudyDate: a month", lambda k, _: {"StudyDate": _month(k)}),
    Kind("StudyDate: a month, one modality",
         lambda k, _: {"StudyDate": _month(k), "ModalitiesInStudy": k.modality}),
    Kind("one modality", lambda k, _: {"ModalitiesInStudy": k.modality}),
    Kind("the latest 100", lambda _k, _: {}),
    Kind("page at 1-10,000", lambda _k, r: {"offset": str(r.randint(1, 10_000))}),
    Kind("StudyInstanceUID", lambda k, _: {"StudyInstanceUID": k.study}),
    Kind("series of a study", lambda k, _: {"StudyInstanceUID": k.study}, "series"),
    Kind("instances of a series",
         lambda k, _: {"StudyInstanceUID": k.study, "SeriesInstanceUID": k.series}, "instances"),
    Kind("instances of a study", lambda k, _: {"StudyInstanceUID": k.study}, "instances"),
    Kind("SOPInstanceUID", lambda k, _: {"SOPInstanceUID": k.sop}, "instances"),
    Kind("series by PatientID", lambda k, _: {"PatientID": k.patient_id}, "series"),
    Kind("series of a day", lambda k, _: {"StudyDate": _day(k), "Modality": k.modality}, "series"),
)  # fmt: skip


def path(level: str, keys: dict[str, str]) -> str:
    """The address of a search by QIDO-RS."""
    return f"/{level}?" + "&".join(f"{name}={quote(value)}" for name, value in keys.items())
