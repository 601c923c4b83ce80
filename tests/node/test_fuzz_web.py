"""Requests that were right once, changed at random: the web process outlives every one of them.

``YUNYING_FUZZ_SECONDS`` says how long (20), ``YUNYING_FUZZ_SEED`` repeats a run.
"""

import contextlib
import random
import socket
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from dicom_node import ident

from . import samples
from .conftest import shared
from .stack import Stack, wait_until
from .test_fuzz_dimse import (
    LONGEST_ANSWER,
    MAX_RSS,
    SECONDS,
    SEED,
    SENDERS,
    flip,
    mutated,
)
from .test_stow import file_of, multipart, post
from .test_syntaxes import message_in
from .test_web import archived

# What a query, a header or a path may hold, right or wrong.
WORDS = [
    "", "0", "1", "-1", "1,2", "1,,2", "9" * 30, "1e400", "nan", "*", "?", "%", "%00", "%ff%fe",
    "..", "../../etc/passwd", "%2e%2e%2f", "\\", "'", '"', "' OR 1=1--", "\x00", "\ud83d",
    "王^小东", "A" * 5000, "20261120-", "-", "20269999", "[]", "{}", "1.2.3", "1." * 40, "all",
    "true", "null", "00100010", "PatientName", "0020000D", "7FE00010/0", "\u202e", "\t", " ",
]  # fmt: skip
NAMES = [
    "limit", "offset", "fuzzymatching", "includefield", "PatientName", "PatientID", "StudyDate",
    "StudyTime", "ModalitiesInStudy", "StudyInstanceUID", "0020000D", "00100010", "Modality",
    "viewport", "window", "quality", "requestType", "studyUID", "seriesUID", "objectUID",
    "contentType", "transferSyntax", "frameNumber", "rows", "columns", "windowCenter",
    "windowWidth", "region", "imageQuality", "orderby", "00080060.00100020", "x",
]  # fmt: skip
HEADERS = [
    ("Accept", ["*/*", "application/dicom", "image/png", "multipart/related", "image/*;q=0.1",
        'multipart/related; type="application/octet-stream"; transfer-syntax=*', "text/html",
        'multipart/related; type="image/jls"', "application/dicom+json", ";;;,,,=", '"' * 4000,
        "a/b;" * 1000, "*/*;q=nan", "application/octet-stream"]),
    ("Range", ["bytes=0-", "bytes=-1", "bytes=5-1", "bytes=0-0,2-3,4-5", "lines=1", "bytes=9" * 9]),
    ("Content-Type", ["application/dicom", "multipart/related", "multipart/related; boundary=",
        'multipart/related; type="application/dicom"; boundary=x-y-z', "text/plain", "/;=",
        "multipart/related; type*=utf-8''x; boundary*0=a; boundary*1=b",
        'multipart/related; type="application/dicom"; boundary="\\"']),
    ("Accept-Encoding", ["gzip", "gzip;q=0", "br", "identity;q=0, *;q=0", "gzip" * 300]),
    ("Origin", ["http://viewer.test", "null", "http://evil.test"]),
    ("Content-Length", ["0", "5", "99999999999", "-1", "x", "5, 6"]),
    ("Transfer-Encoding", ["chunked", "gzip, chunked", "identity"]),
    ("Expect", ["100-continue", "200-maybe"]),
    ("X-Forwarded-For", ["1.2.3.4", "unknown", "::1, x", "9" * 300]),
    ("Upload-Offset", ["0", "1", "-1", "x", "9" * 14]),
    ("Upload-Length", ["0", "10", "9" * 15, "x"]),
    ("Repr-Digest", ["sha-256=:x:", "sha-256=:" + "A" * 43 + "=:", "md5=:x:"]),
]  # fmt: skip
COMPRESSED = [f"1.2.840.10008.1.2.{suffix}" for suffix in ("5", "4.50", "4.80", "4.90")]
# So many files are stored, changed, before anything is read.
DAMAGED = 200
METHODS = ["GET", "HEAD", "POST", "PATCH", "OPTIONS", "PUT", "DELETE", "TRACE", "G\x01T"]


@dataclass
class Asked:
    """One request before it is made bytes; without *body* there is none."""

    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


def encoded(asked: Asked) -> bytes:
    query = "&".join(f"{name}={value}" for name, value in asked.query)
    target = f"/dicom-web{asked.path}" + (f"?{query}" if query else "")
    lines = [f"{asked.method} {target} HTTP/1.1", "Host: node", "Connection: close"]
    headers = dict(asked.headers)
    if asked.body is not None:
        headers.setdefault("Content-Length", str(len(asked.body)))
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(lines) + "\r\n\r\n"
    return head.encode("utf-8", "surrogatepass") + (asked.body or b"")


def word(dice: random.Random) -> str:
    """Most of them escaped, so that they come further than the parser of HTTP."""
    chosen = dice.choice(WORDS)
    escaped = dice.random() < 0.7
    return quote(chosen, errors="surrogatepass") if escaped else chosen.replace(" ", "+")


class Requests:
    """Makes requests; *files* are what is stored, changed or not, *addresses* what is there."""

    def __init__(self, stack: Stack, addresses: list[str], files: list[bytes]) -> None:
        self.addresses = addresses
        self.files = files
        every = ["view", "download", "store"]
        self.tickets = [
            stack.ticket(perms=every, scope={"hospitals": ["H001"]}, exp=int(time.time()) + 850),
            stack.ticket(anon=True),
            stack.ticket(scope={"studies": ["1.2.3"]}),
        ]

    def one(self, dice: random.Random) -> tuple[bytes, bool]:
        """A request, and whether it is whole: of another one the rest would be waited for."""
        asked = dice.choice((self.reading, self.reading, self.uri, self.stow, self.upload))(dice)
        self.authorize(dice, asked)
        for _ in range(dice.choice((0, 0, 1, 1, 2, 4))):
            dice.choice((self.path, self.query, self.header, self.method, self.body))(dice, asked)
        content = encoded(asked)
        whole = not {"Content-Length", "Transfer-Encoding"} & asked.headers.keys()
        if dice.random() < 0.1:
            head = bytearray(content[:2000])
            flip(dice, head)
            content, whole = bytes(head) + content[2000:], False
        return content, whole

    def authorize(self, dice: random.Random, asked: Asked) -> None:
        ticket = dice.choices(self.tickets, (8, 2, 1))[0]
        if dice.random() < 0.05:
            ticket = mutated(dice, ticket.encode()).decode("latin-1").replace("\n", "")
        scheme = "Bearer" if dice.random() < 0.97 else dice.choice(("", "Basic", "bearer ", "é"))
        asked.headers["Authorization"] = f"{scheme} {ticket}"

    def reading(self, dice: random.Random) -> Asked:
        address = dice.choice(self.addresses)
        level = dice.choice((address, address.split("/instances")[0], address.split("/series")[0]))
        page = dice.choice((
            "", "/metadata", "/rendered", "/thumbnail", "/frames/1", "/frames/1/rendered",
            "/overview", "/series", "/instances", "/bulkdata/7FE00010", "/bulkdata/00100010",
        ))  # fmt: skip
        path = level + page if dice.random() < 0.85 else dice.choice(
            ("/studies", "/series", "/instances", "/healthz", "/wado")
        )  # fmt: skip
        return Asked("GET", path)

    def uri(self, dice: random.Random) -> Asked:
        _, _, study, _, series, _, sop = dice.choice(self.addresses).split("/")
        query = [
            ("requestType", "WADO"), ("studyUID", study), ("seriesUID", series),
            ("objectUID", sop),
            ("contentType", dice.choice(("application/dicom", "image/png", "image/jpeg", ""))),
        ]  # fmt: skip
        return Asked("GET", "/wado", query)

    def stow(self, dice: random.Random) -> Asked:
        files = [mutated(dice, dice.choice(self.files)) for _ in range(dice.randrange(3))]
        body = multipart(*files)
        if dice.random() < 0.3:
            body = mutated(dice, body)
        kind = 'multipart/related; type="application/dicom"; boundary=x-y-z'
        if files and dice.random() < 0.3:
            body, kind = files[0], "application/dicom"
        return Asked("POST", "/studies", [], {"Content-Type": kind}, body)

    def upload(self, dice: random.Random) -> Asked:
        content = dice.choice(self.files)
        piece = content[: dice.choice((len(content), dice.randrange(1, len(content))))]
        digest = b64encode(sha256(content).digest()).decode()
        headers = {
            "Upload-Offset": dice.choice(("0", "0", str(dice.randrange(10_000)))),
            "Upload-Length": str(len(content)),
            "Repr-Digest": f"sha-256=:{digest}:",
        }
        method = "PATCH" if dice.random() < 0.8 else "HEAD"
        body = piece if method == "PATCH" else None
        return Asked(method, f"/uploads/{ident.new()}", [], headers, body)

    def path(self, dice: random.Random, asked: Asked) -> None:
        parts = asked.path.split("/")
        parts[dice.randrange(1, len(parts))] = word(dice)
        asked.path = "/".join(parts)

    def query(self, dice: random.Random, asked: Asked) -> None:
        for _ in range(dice.randrange(1, 4)):
            asked.query.append((dice.choice(NAMES), word(dice)))

    def header(self, dice: random.Random, asked: Asked) -> None:
        name, values = dice.choice(HEADERS)
        asked.headers[name] = dice.choice(values)

    def method(self, dice: random.Random, asked: Asked) -> None:
        asked.method = dice.choice(METHODS)

    def body(self, dice: random.Random, asked: Asked) -> None:
        asked.body = mutated(dice, asked.body or dice.choice(self.files))


def ask(port: int, request: bytes, *, whole: bool) -> tuple[int, float]:
    """The status (0: closed without one) and the seconds until the whole answer was there."""
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), LONGEST_ANSWER) as connection:
        answer = b""
        with contextlib.suppress(ConnectionError):
            connection.sendall(request)
            if not whole:
                connection.settimeout(0.3)
                with contextlib.suppress(TimeoutError):
                    answer = connection.recv(65536)
                connection.settimeout(LONGEST_ANSWER)
                connection.shutdown(socket.SHUT_WR)
            while data := connection.recv(65536):
                answer = answer or data
    words = answer[:32].split()
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    return status, time.monotonic() - started


def assert_unharmed(stack: Stack, process: psutil.Process, logged: int) -> None:
    """The process is as it was, nothing is left over, and it stores and serves.

    *logged*: how many lines its log had before.
    """
    assert process.is_running()
    assert process.memory_info().rss < MAX_RSS

    def connections() -> int:
        return sum(one.laddr.port == stack.web_port for one in process.net_connections())

    # It listens, and the client of these tests keeps one open.
    wait_until(lambda: connections() <= 2, "its connections are closed")
    wait_until(
        lambda: not [file for file in process.open_files() if "/spool/" in file.path],
        "its files are closed",
    )
    lines = stack.log("web")[logged:]
    errors = [line for line in lines if line["level"] in ("error", "critical")]
    unexpected = [line for line in errors if line["event"] not in EXPECTED]
    assert not unexpected, unexpected[0]
    dataset = samples.image()
    answer = post(stack, file_of(samples.message(dataset)), "application/dicom")
    assert answer.status_code == 200
    stack.wait_archived(60)
    assert stack.get(f"{samples.address(dataset)}/rendered").status_code == 200


# Said of what is stored and cannot be read, or cannot be drawn in time.
EXPECTED = {"object_unreadable", "decoder_lost", "upload_differs"}


def fuzz(stack: Stack, make: Callable[[random.Random], tuple[bytes, bool]]) -> None:
    process, logged = psutil.Process(stack.processes["web"].pid), len(stack.log("web"))
    deadline = time.monotonic() + SECONDS

    def run(number: int) -> tuple[Counter[int], tuple[float, bytes], int]:
        dice, seen, longest, rss = random.Random(SEED + number), Counter[int](), (0.0, b""), 0
        while time.monotonic() < deadline:
            request, whole = make(dice)
            try:
                status, seconds = ask(stack.web_port, request, whole=whole)
            except TimeoutError:
                raise AssertionError(f"no end of the answer to {request[:500]!r}") from None
            assert status < 500, f"{status} to {request[:2000]!r}"
            seen[status] += 1
            longest = max(longest, (seconds, request[:300]))
            rss = max(rss, process.memory_info().rss)
        return seen, longest, rss

    with ThreadPoolExecutor(SENDERS) as pool:
        seen, longest, sizes = zip(*pool.map(run, range(SENDERS)), strict=True)
    total = sum(seen, Counter[int]())
    print(f"{total.total()} requests {dict(total)}, the longest {max(longest)},"
          f" at most {max(sizes) >> 20} MiB")  # fmt: skip
    assert {200, 400, 401, 404} <= total.keys(), "the requests reach what they are for"
    assert max(longest)[0] < LONGEST_ANSWER
    assert max(sizes) < MAX_RSS
    assert_unharmed(stack, process, logged)


@pytest.mark.timeout(SECONDS * 2 + 120)
@pytest.mark.req("ARC-4.4", part=True)
def test_no_request_harms_the_web_process(stack: Stack, tmp_path: Path) -> None:
    print(f"YUNYING_FUZZ_SEED={SEED}")
    cine = samples.image(NumberOfFrames=3, PixelData=bytes(range(256)) * 6)
    archived(stack, *samples.slices(3), cine)
    files = [file_of(samples.message(samples.image())) for _ in range(3)]
    files += [file_of(message_in(syntax, tmp_path)) for syntax in COMPRESSED]
    dice = random.Random(SEED)
    post(stack, multipart(*(mutated(dice, dice.choice(files)) for _ in range(DAMAGED))))
    stack.wait_archived()
    rows = stack.query(
        "SELECT t.study_uid, s.series_uid, i.sop_uid FROM archive.instance i"
        " JOIN archive.series s ON s.id = i.series_id JOIN archive.study t ON t.id = s.study_id"
    )
    addresses = [f"/studies/{row[0]}/series/{row[1]}/instances/{row[2]}" for row in rows]
    assert len(addresses) > 4, "some that are damaged are stored as well"
    fuzz(stack, Requests(stack, addresses, files).one)
    # What was begun as an upload stays, to be gone on with; nothing else does.
    assert not list(stack.root.glob("spool/**/*.part"))
    for begun in stack.root.glob("spool/**/*.upload"):
        begun.unlink()


MALFORMED = shared("malformed/**/*")


@pytest.mark.skipif(not MALFORMED, reason="the shared test data is not here")
@pytest.mark.timeout(300)
def test_no_malformed_file_harms_the_web_process(stack: Stack) -> None:
    process, logged = psutil.Process(stack.processes["web"].pid), len(stack.log("web"))
    seen: Counter[int] = Counter()
    for path in MALFORMED:
        content = path.read_bytes()
        for kind, body in (
            ("application/dicom", content),
            ('multipart/related; type="application/dicom"; boundary=x-y-z', multipart(content)),
        ):
            started = time.monotonic()
            answer = post(stack, body, kind)
            assert answer.status_code in (200, 202, 400, 409), (path, answer.text[:300])
            assert time.monotonic() - started < LONGEST_ANSWER, path
            seen[answer.status_code] += 1
    print(dict(seen))
    assert seen[200]
    assert not list(stack.root.glob("spool/**/*.part"))
    assert_unharmed(stack, process, logged)
