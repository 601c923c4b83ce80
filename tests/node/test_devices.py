"""What the portal says of a device is what it may do."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dicom_node.configuration import InvalidConfigurationError
from dicom_node.dimse.policy import parse

from . import raw, samples
from .sender import Message, association, send
from .stack import Stack, wait_until

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
JPEG_LS = "1.2.840.10008.1.2.4.80"


@pytest.fixture
def device(stack: Stack) -> Iterator[Callable[..., None]]:
    """Set what is said of the device ``LIMITED``."""
    before = stack.portal.configuration["devices"]

    def describe(**values: Any) -> None:
        entry = {"ae_title": "LIMITED", "hospital": "H001", "addresses": [], "active": True}
        stack.configure(devices=[*before, entry | values])

    yield describe
    stack.configure(devices=before)


def accepted(stack: Stack, *kinds: tuple[str, str]) -> set[tuple[str, str]]:
    messages = [Message(kind, "1.2.3", syntax, b"") for kind, syntax in kinds]
    with association(stack.dicom_port, messages, "LIMITED", "YUNYING") as opened:
        return {(c.abstract_syntax, c.transfer_syntax[0]) for c in opened.accepted_contexts}


@pytest.mark.req("ARC-4.3", part=True)
def test_only_the_classes_of_a_device_are_accepted(
    stack: Stack, device: Callable[..., None]
) -> None:
    device(sop_classes=[samples.CT])
    kinds = (samples.CT, EXPLICIT), (samples.MR, EXPLICIT)
    assert accepted(stack, *kinds) == {kinds[0]}
    device(sop_classes=[])
    assert accepted(stack, *kinds) == set(kinds)


def test_another_class_under_an_accepted_context_is_refused(
    stack: Stack, device: Callable[..., None]
) -> None:
    device(sop_classes=[samples.CT])
    message = samples.message(samples.image(SOPClassUID=samples.MR))
    with raw.connect(stack.dicom_port, raw.associate_request("LIMITED")) as connection:
        connection.sendall(raw.store_request(1, message.sop_instance, samples.MR))
        connection.sendall(raw.data(message.data, last=True))
        assert raw.status(connection) == 0x0122
    assert not list(stack.root.glob("spool/H*/*"))


@pytest.mark.req("ARC-4.1", part=True)
def test_only_the_syntaxes_of_a_device_are_accepted(
    stack: Stack, device: Callable[..., None]
) -> None:
    device(transfer_syntaxes=[IMPLICIT, JPEG_LS])
    kinds = [(samples.CT, syntax) for syntax in (EXPLICIT, IMPLICIT, JPEG_LS)]
    assert accepted(stack, *kinds) == set(kinds[1:])


def test_a_device_that_may_not_store_is_offered_nothing_to_store(
    stack: Stack, device: Callable[..., None]
) -> None:
    device(roles=["query"])
    assert accepted(stack, (samples.CT, EXPLICIT)) == set()


def test_a_device_has_as_many_associations_as_it_may(
    stack: Stack, device: Callable[..., None]
) -> None:
    device(max_associations=2)
    request = raw.associate_request("LIMITED")
    opened = [raw.connect(stack.dicom_port, request) for _ in range(2)]
    with pytest.raises(ConnectionRefusedError):
        raw.connect(stack.dicom_port, request)
    (answer,) = send(stack.dicom_port, [samples.message(samples.image())])
    assert answer is not None, "others are let in"
    opened.pop().close()
    wait_until(lambda: _admitted(stack, request), "there is room again")
    opened.pop().close()
    event = wait_until(lambda: stack.portal.of("rejection"), "the portal hears of it")[0]
    assert event["reason"] == "too many associations of this device"


def _admitted(stack: Stack, request: bytes) -> bool:
    try:
        raw.connect(stack.dicom_port, request).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"max_associations": 0}, "max_associations"),
        ({"max_associations": "2"}, "max_associations"),
        ({"sop_classes": "1.2.3"}, "sop_classes"),
        ({"transfer_syntaxes": [1]}, "transfer_syntaxes"),
        ({"roles": None}, "roles"),
        ({"addresses": ["nowhere"]}, "addresses"),
        ({"hospital": "../H001"}, "hospital"),
    ],
)
def test_a_description_that_is_not_as_agreed_is_refused_by_its_field(
    values: dict[str, Any], field: str
) -> None:
    entry = {"ae_title": "CT", "hospital": "H001", "addresses": [], "active": True} | values
    hospitals = [{"code": entry["hospital"], "active": True}]
    with pytest.raises(InvalidConfigurationError, match=field):
        parse({"check_calling_ae": True, "hospitals": hospitals, "devices": [entry]})


@pytest.mark.parametrize("mark", [0, 101, "90", True])
def test_a_high_water_mark_is_per_cent(mark: Any) -> None:
    document = {"check_calling_ae": True, "hospitals": [], "devices": []}
    with pytest.raises(InvalidConfigurationError, match=r"node\.high_water"):
        parse(document | {"node": {"high_water": mark}})


def test_what_is_not_said_is_what_the_contract_says() -> None:
    entry = {"ae_title": " CT ", "hospital": "H001", "addresses": [], "active": True}
    hospitals = [{"code": "H001", "active": True}]
    policy = parse({"check_calling_ae": True, "hospitals": hospitals, "devices": [entry]})
    device = policy.devices["CT"]
    assert (policy.high_water, device.max_associations, device.roles) == (90, None, {"store"})
    assert device.takes(samples.CT)


def test_the_portal_is_told_what_the_receiver_does(stack: Stack) -> None:
    stack.portal.reports.clear()  # the last one may be older than the last test
    before = stack.portal_report()
    with raw.connect(stack.dicom_port):
        wait_until(
            lambda: stack.portal_report()["associations"] == before["associations"] + 1,
            "the association is reported",
        )
    send(stack.dicom_port, map(samples.message, samples.slices(3)))
    send(stack.dicom_port, [samples.message(samples.image())], "NOBODY")
    report = wait_until(
        lambda: (
            (r := stack.portal_report())["received"] == before["received"] + 3
            and r["rejected"] == before["rejected"] + 1
            and r
        ),
        "the instances and the rejection are reported",
    )
    (device,) = [entry for entry in report["devices"] if entry["ae_title"] == "CT_A"]
    assert device["instances"] >= 3
    assert device["last_received"] > before["started"]
    assert (report["max_associations"], report["refusing"], report["last_exit"]) == (64, "", "")
