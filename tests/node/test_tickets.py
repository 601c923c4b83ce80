"""No answer without a ticket that holds."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydicom.dataset import Dataset

from . import samples
from .sender import send
from .stack import ORIGIN, Stack, wait_until


@pytest.fixture(scope="module")
def dataset(running: Stack) -> Dataset:
    running.reset()
    made = samples.image()
    send(running.dicom_port, [samples.message(made)])
    running.wait_archived()
    return made


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def unsigned(stack: Stack) -> str:
    body = jwt.decode(stack.ticket(), options={"verify_signature": False})
    return f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(body)}."


def signed_with_the_public_key(stack: Stack) -> str:
    """The old trick: HS256 with the public key, which everybody has, as the secret."""
    body = jwt.decode(stack.ticket(), options={"verify_signature": False})
    signing = f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{encoded(body)}"
    mac = hmac.new(stack.public_pem, signing.encode(), hashlib.sha256).digest()
    return f"{signing}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def changed(stack: Stack) -> str:
    head, _body, signature = stack.ticket().split(".")
    body = jwt.decode(stack.ticket(), options={"verify_signature": False})
    return f"{head}.{encoded(body | {'sub': 'user:1'})}.{signature}"


NOW = int(time.time())
BAD: dict[str, tuple[Callable[[Stack], str], str]] = {
    "garbage": (lambda _s: "garbage", "ticket_invalid"),
    "three dots": (lambda _s: "a.b.c", "ticket_invalid"),
    "very long": (lambda _s: "a" * 70_000, "ticket_invalid"),
    "another key": (lambda s: s.ticket(key=Ed25519PrivateKey.generate()), "ticket_invalid"),
    "no signature": (unsigned, "ticket_invalid"),
    "hs256": (signed_with_the_public_key, "ticket_invalid"),
    "changed": (changed, "ticket_invalid"),
    "expired": (lambda s: s.ticket(iat=NOW - 800, exp=NOW - 60), "ticket_expired"),
    "not yet": (lambda s: s.ticket(nbf=int(time.time()) + 100), "ticket_invalid"),
    "too long-lived": (lambda s: s.ticket(exp=int(time.time()) + 5000), "ticket_invalid"),
    "audience": (lambda s: s.ticket(aud="portal"), "ticket_invalid"),
    "issuer": (lambda s: s.ticket(iss="somebody"), "ticket_invalid"),
    "no scope": (lambda s: s.ticket(scope={}), "ticket_invalid"),
    "two scopes": (lambda s: s.ticket(scope={"studies": [], "hospitals": []}), "ticket_invalid"),
    "scope of text": (lambda s: s.ticket(scope={"hospitals": "*"}), "ticket_invalid"),
    "scope unknown": (lambda s: s.ticket(scope={"patients": ["*"]}), "ticket_invalid"),
    "scope of a bad uid": (lambda s: s.ticket(scope={"studies": ["1.2.%"]}), "ticket_invalid"),
    "anonymous as text": (lambda s: s.ticket(anon="false"), "ticket_invalid"),
    "permission unknown": (lambda s: s.ticket(perms=["view", "admin"]), "ticket_invalid"),
    "permissions as text": (lambda s: s.ticket(perms="view"), "ticket_invalid"),
    "no id": (lambda s: s.ticket(jti=""), "ticket_invalid"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_ticket_gets_401_and_nothing_else(
    running: Stack, dataset: Dataset, case: str
) -> None:
    make, code = BAD[case]
    answer = running.get("/studies", ticket=make(running))
    assert answer.status_code == 401
    assert answer.json()["error"] == code
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert str(dataset.StudyInstanceUID) not in answer.text


PAGES = [
    "/studies", "/series", "/instances", "{study}", "{study}/series", "{study}/instances",
    "{study}/metadata", "{study}/overview", "{study}/thumbnail", "{series}", "{series}/instances",
    "{series}/metadata", "{series}/thumbnail", "{instance}", "{instance}/metadata",
    "{instance}/frames/1", "{instance}/rendered", "{instance}/frames/1/rendered",
    "{instance}/thumbnail", "{instance}/bulkdata/7FE00010",
]  # fmt: skip


def page(dataset: Dataset, pattern: str) -> str:
    instance = samples.address(dataset)
    series = instance.rsplit("/instances", 1)[0]
    study = series.rsplit("/series", 1)[0]
    return pattern.format(instance=instance, series=series, study=study)


@pytest.mark.parametrize("pattern", PAGES)
def test_every_page_wants_a_ticket_and_the_permission(
    running: Stack, dataset: Dataset, pattern: str
) -> None:
    path = page(dataset, pattern)
    bare = running.client.get(f"/dicom-web{path}")
    assert (bare.status_code, bare.json()["error"]) == (401, "ticket_missing")
    basic = running.client.get(f"/dicom-web{path}", auth=("admin", "admin"))
    assert basic.status_code == 401
    without = running.get(path, ticket=running.ticket(perms=["annotate"]))
    assert (without.status_code, without.json()["error"]) == (403, "permission_denied")
    assert running.get(path).status_code == 200


def test_to_look_is_not_to_download(running: Stack, dataset: Dataset) -> None:
    viewer = running.ticket(perms=["view"])
    assert running.get(page(dataset, "{instance}"), ticket=viewer).status_code == 403
    assert running.get(page(dataset, "{instance}/frames/1"), ticket=viewer).status_code == 200
    downloader = running.ticket(perms=["download"])
    assert running.get(page(dataset, "{instance}"), ticket=downloader).status_code == 200
    assert running.get(page(dataset, "{instance}/metadata"), ticket=downloader).status_code == 403


@pytest.mark.parametrize("of", ["share:12", "one-ticket-of-13"])
def test_a_revoked_ticket_stops_working_within_a_second_or_two(
    running: Stack, dataset: Dataset, of: str
) -> None:
    subject = of if of.startswith("share") else "share:13"
    ticket = running.ticket(jti=f"one-ticket-of-{subject[-2:]}", sub=subject)
    assert running.get("/studies", ticket=ticket).status_code == 200
    key = f"yunying:revoked:{of}"
    running.redis.set(key, 1, ex=3600)
    try:
        started = time.monotonic()
        answer = wait_until(
            lambda: (a := running.get("/studies", ticket=ticket)).status_code == 401 and a,
            "the ticket is revoked",
            5,
        )
        assert answer.json()["error"] == "ticket_revoked"
        assert time.monotonic() - started < 2
    finally:
        running.redis.delete(key)


def test_a_second_key_admits_tickets_while_keys_change(running: Stack, dataset: Dataset) -> None:
    path = running.root / "ticket.pem"
    old = path.read_bytes()
    fresh = Ed25519PrivateKey.generate()
    mine, running.key = running.key, fresh
    try:
        path.write_bytes(old + running.public_pem)
        assert running.get("/studies", ticket=running.ticket()).status_code == 200
        assert running.get("/studies", ticket=running.ticket(key=mine)).status_code == 200
        path.write_bytes(b"no key")
        answer = running.get("/studies", ticket=running.ticket())
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    finally:
        running.key = mine
        path.write_bytes(old)


def test_health_needs_no_ticket_and_says_nothing(running: Stack) -> None:
    answer = running.client.get("/dicom-web/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("origin", [ORIGIN, "http://evil.test", "null", f"{ORIGIN}.evil.test"])
def test_only_the_configured_origin_may_read_across_origins(
    running: Stack, dataset: Dataset, origin: str
) -> None:
    answers = [
        running.get("/studies", headers={"Origin": origin}),
        running.client.get("/dicom-web/studies", headers={"Origin": origin}),
        running.client.options(
            "/dicom-web/studies",
            headers={"Origin": origin, "Access-Control-Request-Method": "GET"},
        ),
    ]
    assert [answer.status_code for answer in answers] == [200, 401, 204]
    admitted = ORIGIN if origin == ORIGIN else None
    for answer in answers:
        assert answer.headers.get("access-control-allow-origin") == admitted
        assert "access-control-allow-credentials" not in answer.headers
        assert "origin" in answer.headers["vary"].lower()


def test_nothing_is_left_in_a_cache_and_no_answer_is_sniffed(
    running: Stack, dataset: Dataset
) -> None:
    for pattern in PAGES:
        headers = running.get(page(dataset, pattern)).headers
        assert headers["cache-control"] == "no-store"
        assert "Authorization" in headers["vary"]
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "place"),
    # A study is where STOW-RS stores: see test_stow.py.
    [("POST", "{series}"), ("PUT", "{study}"), ("DELETE", "{study}"), ("PATCH", "{study}")],
)
def test_nothing_can_be_changed(running: Stack, dataset: Dataset, method: str, place: str) -> None:
    answer = running.client.request(method, f"/dicom-web{page(dataset, place)}")
    assert answer.status_code == 405
    assert answer.json()["error"] == "bad_request"


def test_head_answers_without_a_body(running: Stack, dataset: Dataset) -> None:
    path = f"/dicom-web{page(dataset, '{instance}')}/frames/1"
    headers = {"Authorization": f"Bearer {running.ticket()}", "Accept": "application/octet-stream"}
    answer = running.client.head(path, headers=headers)
    assert (answer.status_code, answer.headers["content-length"]) == (200, "512")
    assert answer.content == b""


@pytest.mark.parametrize(
    "path",
    [
        "/studies/../../etc/passwd", "/studies/%2e%2e/metadata", "/studies/1.2.3%00/metadata",
        "/studies/'--/metadata", "/studies/1..2/series/1.2/metadata", "/nothing", "/studies/<b>",
        "/studies/1.2.3/series/1.2.3/instances/1.2.3/bulkdata/../../..",
    ],
)  # fmt: skip
def test_a_strange_address_gets_a_sentence_and_no_echo(running: Stack, path: str) -> None:
    answer = running.get(path)
    assert answer.status_code in (400, 404)
    assert set(answer.json()) == {"error", "message"}
    assert "<b>" not in answer.text


def test_oversized_requests_are_refused(running: Stack) -> None:
    assert running.get(f"/studies?PatientID={'a' * 20_000}").status_code == 414
    huge = {"X-Filler": "a" * 100_000}
    assert running.get("/studies", headers=huge).status_code in (400, 431)


def test_reads_are_reported_to_the_portal(stack: Stack) -> None:
    made = samples.image()
    send(stack.dicom_port, [samples.message(made)])
    stack.wait_archived()
    ticket = stack.ticket(jti="reported", sub="share:5", purpose="share")
    for pattern in ("{study}/metadata", "{instance}/frames/1", "{instance}/rendered", "{instance}"):
        for _ in range(2):
            answer = stack.get(
                page(made, pattern), ticket=ticket, headers={"X-Forwarded-For": "10.1.2.9"}
            )
            assert answer.status_code == 200
    found = wait_until(
        lambda: len(e := stack.portal.of("access")) == 4 and e, "the portal hears of four reads"
    )
    assert {event["action"] for event in found} == {"metadata", "frames", "rendered", "instance"}
    for event in found:
        event.pop("action")
        assert event == {
            "ticket": "reported",
            "subject": "share:5",
            "purpose": "share",
            "study_uid": str(made.StudyInstanceUID),
            "address": "10.1.2.9",
        }
