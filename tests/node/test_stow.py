"""STOW-RS: what comes over HTTP is judged and kept like what comes over DICOM."""

from typing import Any

import httpx
import pytest

from dicom_node.dataset.part10 import FileMeta, decode, encode

from . import samples
from .sender import Message
from .stack import Stack, wait_until

MULTIPART = 'multipart/related; type="application/dicom"; boundary=x-y-z'


def file_of(message: Message) -> bytes:
    meta = FileMeta(message.sop_class, message.sop_instance, message.syntax, "SPOOFED_AE")
    return encode(meta) + message.data


def image(**values: Any) -> tuple[Message, bytes]:
    message = samples.message(samples.image(**values))
    return message, file_of(message)


def multipart(*files: bytes, kind: str = "application/dicom", preamble: bytes = b"") -> bytes:
    head = f"\r\n--x-y-z\r\nContent-Type: {kind}\r\n\r\n".encode()
    return preamble + b"".join(head + content for content in files) + b"\r\n--x-y-z--\r\n"


def post(
    stack: Stack, body: bytes, kind: str = MULTIPART, path: str = "/studies", **claims: Any
) -> httpx.Response:
    claims = {"scope": {"hospitals": ["H001"]}, "perms": ["store"]} | claims
    headers = {"Authorization": f"Bearer {stack.ticket(**claims)}", "Content-Type": kind}
    return stack.client.post(f"/dicom-web{path}", content=body, headers=headers)


def reasons(answer: httpx.Response) -> list[int]:
    failed = answer.json().get("00081198", {"Value": []})["Value"]
    return [item["00081197"]["Value"][0] for item in failed]


def stored(answer: httpx.Response) -> list[str]:
    items = answer.json().get("00081199", {"Value": []})["Value"]
    return [item["00081155"]["Value"][0] for item in items]


def test_instances_are_stored_as_they_came(stack: Stack) -> None:
    pairs = [image() for _ in range(3)]
    answer = post(stack, multipart(*(content for _message, content in pairs)))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/dicom+json")
    assert stored(answer) == [message.sop_instance for message, _content in pairs]
    stack.wait_archived()
    rows = dict(stack.query("SELECT sop_uid, object_key FROM archive.instance"))
    for message, _content in pairs:
        content = (stack.root / "store" / rows[message.sop_instance]).read_bytes()
        meta, start = decode(content)
        assert content[start:] == message.data
        assert meta.calling_ae == "user:7", "who sent it is whom the ticket names"


def test_one_instance_without_multipart(stack: Stack) -> None:
    message, content = image()
    answer = post(stack, content, "application/dicom")
    assert (answer.status_code, stored(answer)) == (200, [message.sop_instance])
    assert answer.json()["00081190"]["vr"] == "UR"
    stack.wait_archived()
    answer = post(stack, content, "application/dicom")
    assert answer.status_code == 200, "to store the same again is no failure"
    stack.wait_archived()
    assert stack.query("SELECT instance_count, duplicate_count FROM archive.study") == [(1, 1)]


def test_one_that_fails_does_not_stop_the_others(stack: Stack) -> None:
    message, content = image()
    cut = image()[1][:-300]
    foreign = image()[0]
    foreign.syntax = "1.2.3.4"
    answer = post(stack, multipart(b"no DICOM at all", content, cut, file_of(foreign)))
    assert answer.status_code == 202
    assert stored(answer) == [message.sop_instance]
    assert reasons(answer) == [0xC000, 0xC000, 0xC122]
    stack.wait_archived()
    assert len(list(stack.root.glob("quarantine/H001/*.dcm"))) == 1, "what was cut off is kept"
    (case,) = wait_until(lambda: stack.portal.of("quarantine"), "the portal is told")
    assert case["calling_ae"] == "user:7"


def test_an_instance_that_lies_about_itself_is_kept_aside(stack: Stack) -> None:
    message, _content = image()
    message.sop_instance = samples.uid()
    answer = post(stack, multipart(file_of(message)))
    assert (answer.status_code, reasons(answer)) == (409, [0xA900])
    stack.wait_archived()
    assert stack.query("SELECT count(*) FROM archive.instance") == [(0,)]


def test_the_study_of_the_address_holds(stack: Stack) -> None:
    study = samples.uid()
    mine, other = image(StudyInstanceUID=study), image()
    answer = post(stack, multipart(mine[1], other[1]), path=f"/studies/{study}")
    assert (answer.status_code, stored(answer)) == (202, [mine[0].sop_instance])
    assert reasons(answer) == [0xC409]
    assert answer.json()["00081190"]["Value"][0].endswith(f"/dicom-web/studies/{study}")
    stack.wait_archived()
    assert stack.query("SELECT study_uid FROM archive.study") == [(study,)]


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"perms": ["view", "download"]}, 403),
        ({"scope": {"hospitals": ["*"]}}, 403),
        ({"scope": {"hospitals": []}}, 403),
        ({"scope": {"studies": ["1.2.3"]}}, 403),
        ({"aud": "somebody"}, 401),
    ],
)
def test_who_may_not_store_stores_nothing(
    stack: Stack, claims: dict[str, Any], status: int
) -> None:
    assert post(stack, multipart(image()[1]), **claims).status_code == status
    assert not stack.spooled()


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", MULTIPART, 400),
        (b"--x-y-z--\r\n", MULTIPART, 400),
        (b"what is this", MULTIPART, 400),
        (multipart(b"<xml/>", kind="application/dicom+xml"), MULTIPART, 400),
        (b"x", "text/plain", 415),
        (b"x", 'multipart/related; type="application/dicom+xml"; boundary=x', 415),
        (b"x", 'multipart/related; type="application/dicom"', 400),
        (b"x", f'multipart/related; type="application/dicom"; boundary={"b" * 71}', 400),
        (b"\r\n--x-y-z\r\nA: " + b"a" * 9000 + b"\r\n\r\nx\r\n--x-y-z--\r\n", MULTIPART, 400),
    ],
)
def test_a_body_that_is_none_is_refused(stack: Stack, body: bytes, kind: str, status: int) -> None:
    answer = post(stack, body, kind)
    assert answer.status_code == status, answer.text
    assert not stack.spooled()


def test_a_body_cut_off_leaves_nothing_of_its_last_part(stack: Stack) -> None:
    whole, cut = image(), image()
    body = multipart(whole[1], cut[1])[:-200]
    assert post(stack, body).status_code == 400
    stack.wait_archived()
    assert stack.query("SELECT sop_uid FROM archive.instance") == [(whole[0].sop_instance,)]
    assert not list(stack.root.glob("spool/**/*.part"))
