"""Which attributes QIDO-RS matches and returns, and where the index holds them (PS3.18 10.6)."""

from dataclasses import dataclass, replace
from typing import LiteralString

# What a code string may hold (PS3.5 table 6.2-1); other text in one may be somebody's name.
CODE: LiteralString = "^[A-Z0-9_ ]{0,16}$"


@dataclass(frozen=True, slots=True)
class Attribute:
    """``column`` is SQL; ``kind`` says how it is matched; ``anonymous`` whether it may be shown.

    ``grams`` is SQL too: the pieces of the value that the index finds a pattern by, none without.
    ``ordered``: the index finds values by their beginning as well.
    """

    tag: str
    keyword: str
    vr: str
    column: LiteralString
    kind: str
    anonymous: bool = False
    grams: LiteralString = ""
    ordered: bool = False

    def masked(self) -> "Attribute":
        """As an anonymous ticket sees it, and searches by it."""
        if self.vr != "CS":
            return self
        column: LiteralString = f"CASE WHEN {self.column} ~ '{CODE}' THEN {self.column} ELSE '' END"
        if self.kind == "any":
            column = f"ARRAY(SELECT code FROM unnest({self.column}) code WHERE code ~ '{CODE}')"  # noqa: S608
        return replace(self, column=column)


_KIND = {"UI": "uid", "DA": "date", "TM": "time", "IS": "integer", "US": "integer", "PN": "name"}


def _attribute(
    tag: str,
    keyword: str,
    vr: str,
    column: LiteralString,
    *,
    kind: str = "",
    anonymous: bool = False,
    grams: LiteralString = "",
    ordered: bool = False,
) -> Attribute:
    kind = kind or _KIND.get(vr, "text")
    return Attribute(tag, keyword, vr, column, kind, anonymous, grams, ordered)


STUDY = (
    _attribute("00080020", "StudyDate", "DA", "t.study_date", anonymous=True),
    _attribute("00080030", "StudyTime", "TM", "t.study_time"),
    _attribute(
        "00080050",
        "AccessionNumber",
        "SH",
        "t.accession_number",
        grams="archive.grams(t.accession_number)",
        ordered=True,
    ),
    _attribute("00080061", "ModalitiesInStudy", "CS", "t.modalities", kind="any", anonymous=True),
    _attribute(
        "00080090",
        "ReferringPhysicianName",
        "PN",
        "t.referring_physician",
        grams="archive.grams(upper(t.referring_physician))",
    ),
    _attribute(
        "00081030", "StudyDescription", "LO", "t.description", grams="archive.grams(t.description)"
    ),
    _attribute(
        "00100010",
        "PatientName",
        "PN",
        "t.patient_name",
        grams="archive.grams(upper(t.patient_name))",
    ),
    _attribute(
        "00100020",
        "PatientID",
        "LO",
        "t.patient_id",
        grams="archive.grams(t.patient_id)",
        ordered=True,
    ),
    _attribute("00100030", "PatientBirthDate", "DA", "t.birth_date"),
    _attribute("00100040", "PatientSex", "CS", "t.sex"),
    _attribute("0020000D", "StudyInstanceUID", "UI", "t.study_uid", anonymous=True),
    _attribute("00200010", "StudyID", "SH", "t.study_id"),
)
SERIES = (
    _attribute("00080021", "SeriesDate", "DA", "s.series_date"),
    _attribute("00080031", "SeriesTime", "TM", "s.series_time"),
    _attribute("00080060", "Modality", "CS", "s.modality", anonymous=True),
    _attribute("0008103E", "SeriesDescription", "LO", "s.description"),
    _attribute("00180015", "BodyPartExamined", "CS", "s.body_part", anonymous=True),
    _attribute("0020000E", "SeriesInstanceUID", "UI", "s.series_uid", anonymous=True),
    _attribute("00200011", "SeriesNumber", "IS", "s.number", anonymous=True),
    _attribute("00200060", "Laterality", "CS", "s.laterality", anonymous=True),
)
INSTANCE = (
    _attribute("00080016", "SOPClassUID", "UI", "i.sop_class", anonymous=True),
    _attribute("00080018", "SOPInstanceUID", "UI", "i.sop_uid", anonymous=True),
    _attribute("00083002", "AvailableTransferSyntaxUID", "UI", "i.transfer_syntax", anonymous=True),
    _attribute("00200013", "InstanceNumber", "IS", "i.number", anonymous=True),
    _attribute("00280008", "NumberOfFrames", "IS", "i.frame_count", anonymous=True),
    _attribute("00280010", "Rows", "US", "i.row_count", anonymous=True),
    _attribute("00280011", "Columns", "US", "i.column_count", anonymous=True),
)

# A study is asked for by its series' modality too: everybody does, and means any series of it.
STUDY_MODALITY = _attribute(
    "00080060", "Modality", "CS", "t.modalities", kind="any", anonymous=True
)

LEVELS = {
    "studies": (*STUDY, STUDY_MODALITY),
    "series": (*STUDY, *SERIES),
    "instances": (*STUDY, *SERIES, *INSTANCE),
}
