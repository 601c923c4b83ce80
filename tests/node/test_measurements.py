"""What a reader measured is kept with the study, as a structured report by TID 1500."""

import json
import math
import os
import threading
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pydicom
import pytest
from pydicom.dataset import Dataset

from dicom_node.dataset.made import person
from dicom_node.dataset.uid import derived
from dicom_node.measurements import marks, reading

from . import samples
from .sender import send
from .stack import Stack, wait_until
from .test_dciodvfy import errors

READER = {"perms": ["view", "annotate"], "sub": "user:7", "label": "王医生"}
ZONE = ZoneInfo("Asia/Shanghai")


def number(name: str, value: float, unit: str) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit}


def mark(kind: str, instance: str, points: Any, *numbers: Any, **values: Any) -> dict[str, Any]:
    return {
        "kind": kind, "tracking": samples.uid(), "instance": instance, "frame": 1,
        "points": points, "closed": False, "text": "", "numbers": list(numbers),
    } | values  # fmt: skip


def region(area: float = 12.5) -> tuple[dict[str, Any], ...]:
    return (
        number("area", area, "mm2"), number("mean", -612.25, "HU"), number("deviation", 3.1, "HU"),
        number("min", -700.0, "HU"), number("max", -1.0, "HU"), number("sum", -12245.0, "HU"),
        number("perimeter", 14.2, "mm"),
    )  # fmt: skip


def all_kinds(instance: str) -> list[dict[str, Any]]:
    """One mark of every kind that the viewer draws."""
    return [
        mark("length", instance, [[1.5, 2.25], [7.5, 10.25]], number("length", 7.0710678119, "mm")),
        mark("width", instance, [[1, 1], [9, 1], [5, 0], [5, 4]],
             number("length", 5.6, "mm"), number("width", 2.8, "mm")),
        mark("angle", instance, [[1, 1], [5, 5], [9, 1]], number("angle", 90.0, "deg")),
        mark("cobb", instance, [[1, 1], [9, 2], [1, 9], [9, 7]], number("cobb", 21.3, "deg")),
        mark("probe", instance, [[3.5, 4.5]], number("value", 67.0, "HU")),
        mark("probe", instance, [[3.5, 5.5]], number("red", 1.0, ""), number("green", 2.0, ""),
             number("blue", 3.0, "")),
        mark("probe", instance, [[-3.5, 5.5]]),
        mark("ellipse", instance, [[2, 8], [14, 8], [8, 5], [8, 11]], *region()),
        mark("rectangle", instance, [[2, 2], [9, 2], [9, 7], [2, 7]], *region()),
        mark("freehand", instance, [[2, 2], [9, 3], [7, 9.125]], *region()),
        mark("freehand", instance, [[2, 2], [9, 9], [9, 2], [2, 9]]),
        mark("path", instance, [[2, 2], [9, 3], [7, 9]], number("path", 9.9, "px")),
        mark("path", instance, [[2, 2], [9, 3], [7, 9]], *region(), closed=True),
        mark("ratio", instance, [[8, 1], [8, 15], [5, 8], [13, 8], [1, 10], [15, 10]],
             number("ratio", 57.14, "%"), number("right", 2.1, "mm"), number("left", 3.5, "mm"),
             number("thorax", 9.8, "mm")),
        mark("ratio", instance, [[8, 1], [8, 15], [9, 8], [13, 8], [1, 10], [15, 10]],
             number("right", 0.7, "mm"), number("left", 3.5, "mm"), number("thorax", 9.8, "mm")),
        mark("text", instance, [[4, 4]], text="右肺上叶结节 <b>=^\\"),
        mark("arrow", instance, [[4, 4], [9, 9]], text="arrow"),
    ]  # fmt: skip


class Case:
    """A study in the archive, and what a reader does with it."""

    def __init__(self, stack: Stack, *datasets: Dataset) -> None:
        self.stack = stack
        self.datasets = datasets or tuple(samples.slices(2))
        answers = send(stack.dicom_port, [samples.message(one) for one in self.datasets])
        assert all(answer and answer.status == 0 for answer in answers)
        stack.wait_archived()
        self.study = str(self.datasets[0].StudyInstanceUID)
        self.instance = str(self.datasets[0].SOPInstanceUID)

    def ticket(self, **claims: Any) -> str:
        return self.stack.ticket(**READER | {"scope": {"studies": [self.study]}} | claims)

    def put(self, body: Any, kind: str = "application/json", **claims: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.ticket(**claims)}", "Content-Type": kind}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        path = f"/dicom-web/studies/{self.study}/measurements"
        return self.stack.client.put(path, content=content, headers=headers)

    def save(self, *drawn: dict[str, Any], base: str = "", **claims: Any) -> str:
        answer = self.put({"base": base, "marks": drawn}, **claims)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["document"])

    def documents(self, **claims: Any) -> list[dict[str, Any]]:
        answer = self.stack.get(f"/studies/{self.study}/measurements", ticket=self.ticket(**claims))
        assert answer.status_code == 200, answer.text
        return list(answer.json()["documents"])

    def reports(self) -> list[Dataset]:
        """The reports as they lie in the store."""
        self.stack.wait_archived()
        rows = self.stack.query(
            "SELECT i.object_key FROM archive.instance i JOIN archive.series s"
            " ON s.id = i.series_id WHERE s.modality = 'SR' ORDER BY i.number"
        )
        return [pydicom.dcmread(self.stack.root / "store" / key) for (key,) in rows]


@pytest.fixture
def case(stack: Stack) -> Case:
    return Case(stack)


def without_order(drawn: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one | {"numbers": sorted(one["numbers"], key=lambda n: n["name"])} for one in drawn]


def test_every_kind_of_mark_comes_back_as_it_was_saved(case: Case) -> None:
    drawn = all_kinds(case.instance)
    assert {one["kind"] for one in drawn} == set(marks.KINDS)
    saved = case.save(*drawn)
    (document,) = case.documents()
    assert (document["document"], document["author"], document["mine"]) == (saved, "王医生", True)
    assert without_order(document["marks"]) == without_order(drawn)
    case.stack.wait_archived()
    assert case.documents() == [document], "from the archive as from the spool"


def test_the_report_says_what_was_measured_where_and_by_whom(case: Case, tmp_path: Path) -> None:
    drawn = all_kinds(case.instance)
    case.save(*drawn)
    (report,) = case.reports()
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "StudyDate", "AccessionNumber"):
        assert report[keyword].value == case.datasets[0][keyword].value
    assert (report.Modality, report.SOPClassUID) == ("SR", "1.2.840.10008.5.1.4.1.1.88.34")
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    said = {item.ConceptNameCodeSequence[0].CodeMeaning: item for item in report.ContentSequence}
    assert str(said["Person Observer Name"].PersonName) == "=王医生"
    assert said["Person Observer's Login Name"].TextValue == "user:7"
    groups = said["Imaging Measurements"].ContentSequence
    assert len(groups) == len(drawn)
    length = groups[0].ContentSequence[2]
    assert length.ConceptNameCodeSequence[0].CodeValue == "410668003"
    measured = length.MeasuredValueSequence[0]
    assert (measured.FloatingPointValue, str(measured.NumericValue)) == (
        7.0710678119,
        "7.07106781",
    )
    assert measured.MeasurementUnitsCodeSequence[0].CodeValue == "mm"
    figure = length.ContentSequence[0]
    assert (figure.RelationshipType, figure.GraphicType) == ("INFERRED FROM", "POLYLINE")
    assert list(figure.GraphicData) == [1.5, 2.25, 7.5, 10.25]
    reference = figure.ContentSequence[0].ReferencedSOPSequence[0]
    assert reference.ReferencedSOPInstanceUID == case.instance
    assert "ReferencedFrameNumber" not in reference, "of a single frame none is named"
    ellipse = groups[7].ContentSequence
    assert ellipse[2].ConceptNameCodeSequence[0].CodeMeaning == "Image Region"
    mean = ellipse[4]
    assert mean.ContentSequence[0].ConceptCodeSequence[0].CodeMeaning == "Mean"
    assert mean.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue == "[hnsf'U]"
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0]
    assert evidence.StudyInstanceUID == case.study
    series = evidence.ReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == case.datasets[0].SeriesInstanceUID
    assert [one.ReferencedSOPInstanceUID for one in series.ReferencedSOPSequence] == [case.instance]
    path = tmp_path / "report.dcm"
    report.save_as(path)
    assert errors(path) == set()


def test_a_report_without_marks_has_no_fault_either(case: Case, tmp_path: Path) -> None:
    first = case.save(mark("probe", case.instance, [[1, 1]]))
    case.save(base=first)
    for report in case.reports():
        path = tmp_path / "report.dcm"
        report.save_as(path)
        assert errors(path) == set()


def test_the_same_again_is_one_instance_and_a_change_back_is_another(case: Case) -> None:
    one, other = (mark("probe", case.instance, [[n, n]]) for n in (1, 2))
    first = case.save(one)
    assert case.save(one) == first, "while it waits in the spool"
    case.stack.wait_archived()
    assert case.save(one) == first
    second = case.save(other, base=first)
    third = case.save(one, base=second)
    assert len({first, second, third}) == 3
    assert [len(document["marks"]) for document in case.documents()] == [1]
    assert case.documents()[0]["document"] == third
    reports = case.reports()
    assert [str(report.SOPInstanceUID) for report in reports] == [first, second, third]
    assert len({str(report.SeriesInstanceUID) for report in reports}) == 1
    before = reports[2].PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    assert before.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == second
    assert case.stack.query("SELECT sum(duplicate_count) FROM archive.study") == [(0,)]
    assert not list(case.stack.root.glob("quarantine/H001/*.dcm"))


def test_two_that_save_the_same_at_once_make_one_instance(case: Case) -> None:
    drawn = mark("probe", case.instance, [[1, 1]])
    saved: list[str] = []
    threads = [threading.Thread(target=lambda: saved.append(case.save(drawn))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(saved)) == 1
    assert len(saved) == 4
    assert len(case.reports()) == 1


def test_what_was_saved_elsewhere_meanwhile_is_not_overwritten(case: Case) -> None:
    case.save(mark("probe", case.instance, [[1, 1]]))
    answer = case.put({"base": "", "marks": [mark("probe", case.instance, [[2, 2]])]})
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    assert len(case.reports()) == 1


def test_deleting_is_saving_without(case: Case) -> None:
    first = case.save(mark("probe", case.instance, [[1, 1]]))
    case.save(base=first)
    assert [document["marks"] for document in case.documents()] == [[]]


def test_it_is_shown_before_it_is_archived_and_by_a_process_that_began_later(case: Case) -> None:
    stack = case.stack
    stack.stop("archive")
    try:
        first = case.save(mark("probe", case.instance, [[1, 1]]))
        second = case.save(mark("probe", case.instance, [[2, 2]]), base=first)
        assert [document["document"] for document in case.documents()] == [second]
        stack.kill("web")
        stack.start("web")
        stack.wait_ready("web")
        assert [document["document"] for document in case.documents()] == [second]
    finally:
        stack.start("archive")
    stack.wait_archived()
    assert [document["document"] for document in case.documents()] == [second]
    assert len(case.reports()) == 2


def test_a_link_to_nothing_is_no_document(case: Case) -> None:
    folder = case.stack.root / "spool" / "measurements" / case.study
    folder.mkdir(parents=True)
    link = folder / "01J00000000000000000000000.dcm"
    link.symlink_to("../../H001/01J00000000000000000000000.dcm")
    assert case.documents() == []
    assert link.is_symlink(), "its file may be about to come"
    os.utime(link, (0, 0), follow_symlinks=False)
    assert case.documents() == []
    assert not link.is_symlink()
    assert not folder.exists()


def test_other_readers_see_it_as_anothers(case: Case) -> None:
    mine = case.save(mark("text", case.instance, [[1, 1]], text="甲"))
    other = {"sub": "user:8", "label": "Dr. Li^=x"}
    theirs = case.save(mark("text", case.instance, [[2, 2]], text="乙"), **other)
    seen = {document["document"]: document for document in case.documents(**other)}
    assert (seen[mine]["mine"], seen[mine]["author"]) == (False, "王医生")
    assert (seen[theirs]["mine"], seen[theirs]["author"]) == (True, "Dr. Li x")
    shared = case.documents(sub="share:3", perms=["view"], purpose="share")
    assert [document["mine"] for document in shared] == [False, False]


def test_an_anonymous_ticket_gets_numbers_and_nobodys_words(case: Case) -> None:
    drawn = [
        mark("text", case.instance, [[1, 1]], text="王小东"),
        mark("arrow", case.instance, [[1, 1], [2, 2]], text="王小东"),
        mark("length", case.instance, [[1, 1], [4, 5]], number("length", 3.5, "mm")),
    ]
    case.save(*drawn)
    anonymous = {"anon": True, "sub": "share:3", "perms": ["view"], "purpose": "share"}
    (document,) = case.documents(**anonymous)
    assert (document["author"], document["mine"], document["saved"]) == ("", False, None)
    assert [(one["kind"], one["text"]) for one in document["marks"]] == [
        ("arrow", ""),
        ("length", ""),
    ]
    assert document["marks"][1]["numbers"] == drawn[2]["numbers"]
    said = json.dumps(case.documents(**anonymous), ensure_ascii=False)
    assert "王" not in said
    assert "user:7" not in said


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"perms": ["view", "download", "render"]}, 403),
        ({"anon": True}, 403),
        ({"scope": {"studies": ["1.2.3"]}}, 404),
        ({"scope": {"hospitals": ["H002"]}}, 404),
        ({"scope": {"hospitals": []}}, 404),
        ({"aud": "somebody"}, 401),
    ],
)
def test_who_may_not_annotate_saves_nothing(
    case: Case, claims: dict[str, Any], status: int
) -> None:
    answer = case.put({"marks": [mark("probe", case.instance, [[1, 1]])]}, **claims)
    assert answer.status_code == status, answer.text
    assert not case.stack.spooled()
    assert case.reports() == []


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"perms": ["annotate"]}, 403),
        ({"scope": {"studies": ["1.2.3"]}}, 404),
        ({"scope": {"hospitals": ["H002"]}}, 404),
        ({"iss": "somebody"}, 401),
    ],
)
def test_who_may_not_view_reads_nothing(case: Case, claims: dict[str, Any], status: int) -> None:
    case.save(mark("probe", case.instance, [[1, 1]]))
    answer = case.stack.get(f"/studies/{case.study}/measurements", ticket=case.ticket(**claims))
    assert answer.status_code == status


def test_pictures_of_other_studies_are_not_marked(case: Case) -> None:
    foreign = Case(case.stack)
    many = Case(case.stack, samples.image(NumberOfFrames=2, PixelData=bytes(1024)))
    for drawn, place in (
        (mark("probe", foreign.instance, [[1, 1]]), "marks[0].instance"),
        (mark("probe", samples.uid(), [[1, 1]]), "marks[0].instance"),
        (mark("probe", case.instance, [[1, 1]], frame=2), "marks[0].frame"),
    ):
        answer = case.put({"marks": [drawn]})
        assert answer.status_code == 400
        assert place in answer.json()["message"]
    saved = many.save(mark("probe", many.instance, [[1, 1]], frame=2))
    (report,) = case.reports()
    assert str(report.SOPInstanceUID) == saved
    group = report.ContentSequence[-1].ContentSequence[0]
    image = group.ContentSequence[-1].ContentSequence[0]
    assert image.ReferencedSOPSequence[0].ReferencedFrameNumber == 2
    assert many.documents()[0]["marks"][0]["frame"] == 2


def _wrong() -> list[tuple[str, Any]]:
    good = mark("length", "1.2.3", [[1, 1], [2, 2]])
    return [
        ("kind", good | {"kind": "volume"}),
        ("kind", good | {"kind": None}),
        ("kind", good | {"kind": ["length"]}),
        ("tracking", good | {"tracking": "../../x"}),
        ("instance", good | {"instance": "1.2.3' OR 1=1"}),
        ("instance", good | {"instance": 5}),
        ("frame", good | {"frame": 0}),
        ("frame", good | {"frame": True}),
        ("frame", good | {"frame": 1.5}),
        ("points", good | {"points": [[1, 1]]}),
        ("points", good | {"points": [[1, 1]] * 3}),
        ("points", good | {"points": [[1, 1], [2, "2"]]}),
        ("points", good | {"points": [[1, 1], [2, math.inf]]}),
        ("points", good | {"points": [[1, 1], [2, 10**400]]}),
        ("points", good | {"points": [[1, 1], [2, 1e7]]}),
        ("points", good | {"points": [[1, 1, 1], [2, 2, 2]]}),
        ("points", good | {"points": "none"}),
        ("closed", good | {"closed": True}),
        ("text", good | {"text": "not of a length"}),
        ("text", mark("text", "1.2.3", [[1, 1]], text=" ")),
        ("text", mark("text", "1.2.3", [[1, 1]], text="a\nb")),
        ("text", mark("text", "1.2.3", [[1, 1]], text="\u202eabc")),
        ("text", mark("text", "1.2.3", [[1, 1]], text="x" * 201)),
        ("numbers", good | {"numbers": [number("length", 1.0, "inch")]}),
        ("numbers", good | {"numbers": [number("length", 1.0, "HU")]}),
        ("numbers", good | {"numbers": [number("weight", 1.0, "mm")]}),
        ("numbers", good | {"numbers": [number("length", 1.0, "mm")] * 2}),
        ("numbers", good | {"numbers": [number("length", math.inf, "mm")]}),
        ("numbers", good | {"numbers": [3]}),
        ("is no object", 3),
    ]


@pytest.mark.parametrize(("field", "drawn"), _wrong())
def test_a_mark_that_is_none_is_named(field: str, drawn: Any) -> None:
    body = json.dumps({"marks": [drawn]}).replace("Infinity", "1e999").encode()
    with pytest.raises(marks.MarksError, match=r"marks\[0\]") as caught:
        marks.parse(body)
    assert field in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b'{"marks": 3}', b'{"marks": [NaN]}', b"[" * 100_000, b"\xff",
        b'{"marks": [], "base": "x"}', b'{"marks": [], "base": 3}',
    ],
)  # fmt: skip
def test_a_body_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(marks.MarksError):
        marks.parse(body)


def test_bodies_have_limits(case: Case) -> None:
    drawn = mark("probe", case.instance, [[1, 1]])
    thousands = [drawn | {"tracking": samples.uid()} for _ in range(10_000)]
    answer = case.put({"marks": thousands})
    assert answer.status_code == 400
    assert "1000 marks" in answer.json()["message"]
    assert case.put(b" " * (5 << 20)).status_code == 413
    assert case.put({"marks": []}, kind="text/plain").status_code == 415
    assert case.put(b'{"marks": [{"points": [[NaN, 1]]}]}').status_code == 400
    assert case.put({"marks": [drawn, drawn]}).status_code == 400
    line = [[n % 500, n % 7] for n in range(5000)]
    crowd = [mark("path", case.instance, line) for _ in range(21)]
    assert "points" in case.put({"marks": crowd}).json()["message"]
    assert not case.stack.spooled()


def test_reading_and_saving_are_on_record(case: Case) -> None:
    case.save(mark("probe", case.instance, [[1, 1]]))
    case.documents()
    seen = wait_until(
        lambda: (
            {(event["subject"], event["action"]) for event in case.stack.portal.of("access")}
            >= {("user:7", "annotate"), ("user:7", "metadata")}
        ),
        "the portal is told who saved and who read",
    )
    assert seen


def _foreign(*groups: Dataset) -> Dataset:
    """A report by TID 1500 as another maker would write it."""
    report = Dataset()
    report.SOPClassUID, report.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.88.33", samples.uid()
    report.StudyInstanceUID, report.SeriesInstanceUID = samples.uid(), samples.uid()
    report.SpecificCharacterSet = "GB18030"
    report.Modality, report.InstanceNumber = "SR", 1
    report.ContentDate, report.ContentTime = "20261120", "093100"
    report.ValueType = "CONTAINER"
    report.ConceptNameCodeSequence = [_coded("126000", "DCM")]
    observer = Dataset()
    observer.ValueType, observer.RelationshipType = "PNAME", "HAS OBS CONTEXT"
    observer.ConceptNameCodeSequence = [_coded("121008", "DCM")]
    observer.PersonName = "Li^Si=李^四"
    container = Dataset()
    container.ValueType, container.RelationshipType = "CONTAINER", "CONTAINS"
    container.ConceptNameCodeSequence = [_coded("126010", "DCM")]
    container.ContentSequence = list(groups)
    report.ContentSequence = [observer, container]
    return report


def _coded(value: str, scheme: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, "x"
    return code


def _group(*content: Dataset) -> Dataset:
    group = Dataset()
    group.ValueType, group.RelationshipType = "CONTAINER", "CONTAINS"
    group.ConceptNameCodeSequence = [_coded("125007", "DCM")]
    group.ContentSequence = list(content)
    return group


def _figure(graphic: str, data: list[float], instance: str = "1.2.3") -> Dataset:
    figure = Dataset()
    figure.ValueType, figure.RelationshipType = "SCOORD", "INFERRED FROM"
    figure.GraphicType, figure.GraphicData = graphic, data
    image, reference = Dataset(), Dataset()
    image.ValueType, image.RelationshipType = "IMAGE", "SELECTED FROM"
    reference.ReferencedSOPClassUID = samples.CT
    reference.ReferencedSOPInstanceUID = instance
    image.ReferencedSOPSequence = [reference]
    figure.ContentSequence = [image]
    return figure


def _measured(code: tuple[str, str], value: str, *content: Dataset) -> Dataset:
    item, measured = Dataset(), Dataset()
    item.ValueType, item.RelationshipType = "NUM", "CONTAINS"
    item.ConceptNameCodeSequence = [_coded(*code)]
    measured.NumericValue = value
    measured.MeasurementUnitsCodeSequence = [_coded("mm", "UCUM")]
    item.MeasuredValueSequence = [measured]
    item.ContentSequence = list(content)
    return item


def _file(report: Dataset) -> bytes:
    stream = BytesIO()
    report.file_meta = pydicom.dataset.FileMetaDataset()
    report.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    pydicom.dcmwrite(stream, report, enforce_file_format=True)
    return stream.getvalue()


def test_reports_of_other_makers_are_read_as_far_as_their_shapes_are_known() -> None:
    line = _figure("POLYLINE", [1, 2, 4, 6])
    report = _foreign(
        _group(_measured(("G-D7FE", "SRT"), "5.0", line)),
        _group(_figure("CIRCLE", [8, 8, 8, 11])),
        _group(_figure("POLYLINE", [1, 1, 5, 1, 5, 5, 1, 1])),
        _group(_measured(("weight", "99X"), "80")),
        _group(_figure("MULTIPOINT", [1, 1, 5, 1])),
        _group(_figure("POLYLINE", [1, 1, 5, 1]), _figure("POINT", [1, 1], "1.2.4")),
        _group(_measured(("42798000", "SCT"), "5.0"), _figure("SPHERE", [1, 1])),
    )
    found = reading.read(_file(report), ZONE)
    assert found is not None
    assert (found.author, found.subject, found.is_own) == ("李四", "", False)
    assert found.saved is not None
    assert found.saved.isoformat() == "2026-11-20T01:31:00+00:00"
    assert [one.kind for one in found.marks] == ["length", "ellipse", "freehand"]
    length, circle, outline = found.marks
    assert [(n.name, n.value, n.unit) for n in length.numbers] == [("length", 5.0, "mm")]
    assert circle.points == ((8, 5), (8, 11), (5, 8), (11, 8))
    assert outline.points == ((1, 1), (5, 1), (5, 5))


def test_a_report_that_says_it_is_ours_is_ours_in_its_own_series_alone() -> None:
    report = _foreign()
    login = Dataset()
    login.ValueType, login.RelationshipType = "TEXT", "HAS OBS CONTEXT"
    login.ConceptNameCodeSequence = [_coded("128774", "DCM")]
    login.TextValue = "user:7"
    report.ContentSequence.append(login)
    found = reading.read(_file(report), ZONE)
    assert found is not None
    assert (found.subject, found.is_own) == ("user:7", False)
    report.SeriesInstanceUID = derived("measurements", f"{report.StudyInstanceUID} user:7")
    found = reading.read(_file(report), ZONE)
    assert found is not None
    assert found.is_own


def test_reports_that_are_not_understood_hide_no_others(case: Case) -> None:
    saved = case.save(mark("probe", case.instance, [[1, 1]]))
    broken = _foreign(_group(_figure("POLYLINE", [1, 2])))
    broken.ContentSequence[-1].ContentSequence[0].ContentSequence[0].GraphicData = 7.0
    known = _foreign(
        _group(_measured(("410668003", "SCT"), "5.0", _figure("POLYLINE", [1, 2, 4, 6])))
    )
    for report in (broken, known):
        report.StudyInstanceUID = case.study
        report.PatientID = "P100"
    answers = send(case.stack.dicom_port, [samples.message(one) for one in (broken, known)])
    assert all(answer and answer.status == 0 for answer in answers)
    case.stack.wait_archived()
    found = {document["author"]: document for document in case.documents()}
    assert found["王医生"]["document"] == saved
    assert [one["kind"] for one in found["李四"]["marks"]] == ["length"]
    assert not found["李四"]["mine"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("王医生", "=王医生"),
        ("Dr. A^B=C\\D", "Dr. A B C D"),
        ("", ""),
        ("a\n\tb" + "x" * 99, "ab" + "x" * 62),
    ],
)
def test_names_are_person_names_whatever_they_hold(name: str, value: str) -> None:
    assert person(name) == value
