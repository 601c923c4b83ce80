"""Who may send: the devices that the portal knows, decided before an association is accepted."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from dicom_node import hospital
from dicom_node.configuration import InvalidConfigurationError

# (result, source, diagnostic) of A-ASSOCIATE-RJ, PS3.8 table 9-21.
CALLING_NOT_RECOGNISED = (1, 1, 3)
CALLED_NOT_RECOGNISED = (1, 1, 7)
CONGESTED = (2, 3, 1)
LIMIT_EXCEEDED = (2, 3, 2)
# Status of whoever asks for what it may not (PS3.7 annex C.5.22).
NOT_AUTHORISED = 0x0124
NOT_CONFIGURED = "no configuration from the portal yet"
# Of the spool's disk, where the document does not say (docs/architecture.md).
HIGH_WATER = 90


STORE, QUERY, RETRIEVE, COMMITMENT = "store", "query", "retrieve", "commitment"
MPPS = "mpps"


@dataclass(frozen=True, slots=True)
class Device:
    """A modality or another sender. Empty networks, classes or syntaxes: any."""

    ae_title: str
    hospital: str
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    max_associations: int | None = None
    sop_classes: frozenset[str] = frozenset()
    transfer_syntaxes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset((STORE,))
    host: str = ""
    port: int | None = None
    tls: bool = False
    ask_counts: bool = False

    def admits(self, address: IPv4Address | IPv6Address) -> bool:
        return not self.networks or any(address in network for network in self.networks)

    def takes(self, sop_class: str) -> bool:
        """Whether instances of *sop_class* are accepted from it."""
        return STORE in self.roles and (not self.sop_classes or sop_class in self.sop_classes)


@dataclass(frozen=True, slots=True)
class Policy:
    """Active devices by AE title, as the portal last told them; ``high_water`` in per cent."""

    check_calling_ae: bool
    devices: Mapping[str, Device]
    high_water: int = HIGH_WATER


@dataclass(frozen=True, slots=True)
class Admitted:
    """``hospital`` is empty for the node's own health check, which may only C-ECHO.

    ``device`` is None for it, and for a sender that the portal does not know.
    """

    hospital: str
    device: Device | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    reason: str
    answer: tuple[int, int, int]


def parse(document: Any) -> Policy:
    """Check the portal's answer; raise `InvalidConfigurationError` naming the field."""
    try:
        check = document["check_calling_ae"]
        hospitals = {entry["code"] for entry in document["hospitals"] if entry["active"]}
        devices = {
            device.ae_title: device
            for entry in document["devices"]
            if entry["active"] and entry["hospital"] in hospitals
            for device in (_device(entry),)
        }
        high_water = document.get("node", {}).get("high_water", HIGH_WATER)
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidConfigurationError(f"missing or of the wrong type: {error}") from error
    if not isinstance(check, bool):
        raise InvalidConfigurationError("check_calling_ae: is not true or false")
    if not _is_number(high_water) or not 1 <= high_water <= 100:
        raise InvalidConfigurationError("node.high_water: is not between 1 and 100")
    return Policy(check, devices, high_water)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _device(entry: Any) -> Device:
    name, code = entry["ae_title"], entry["hospital"]
    if not hospital.is_code(code):
        raise InvalidConfigurationError(f"device {name!r}: hospital {code!r} is no code")
    try:
        networks = tuple(ip_network(address, strict=False) for address in entry["addresses"])
    except ValueError as error:
        raise InvalidConfigurationError(f"device {name!r}: addresses: {error}") from error
    limit = entry.get("max_associations")
    if limit is not None and not (_is_number(limit) and limit > 0):
        raise InvalidConfigurationError(f"device {name!r}: max_associations: is no number above 0")
    classes, syntaxes, roles = (
        frozenset(_texts(name, entry, key, default))
        for key, default in (("sop_classes", []), ("transfer_syntaxes", []), ("roles", [STORE]))
    )
    host, port = entry.get("host", ""), entry.get("port")
    if not isinstance(host, str) or not (port is None or (_is_number(port) and 0 < port < 65536)):
        raise InvalidConfigurationError(f"device {name!r}: host, port: are no address")
    tls, ask = entry.get("tls", False), entry.get("ask_counts", False)
    if not isinstance(tls, bool) or not isinstance(ask, bool):
        raise InvalidConfigurationError(f"device {name!r}: tls, ask_counts: are no booleans")
    return Device(
        name.strip(), code, networks, limit, classes, syntaxes, roles, host, port, tls, ask
    )


def _texts(name: str, entry: Any, key: str, default: list[str]) -> list[str]:
    values = entry.get(key, default)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidConfigurationError(f"device {name!r}: {key}: is no list of texts")
    return values


def peer_address(text: str) -> IPv4Address | IPv6Address:
    """The peer's address, an IPv4 one also when it came through an IPv6 socket."""
    address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def decide(
    policy: Policy | None, own_ae: str, calling_ae: str, called_ae: str, peer: str, own_host: str
) -> Admitted | Refused:
    """Whether an association is let in, and for which hospital. Without a policy nobody is.

    Except who asks under the node's title from its own machine: its watchdog, and its health check.
    """
    address = peer_address(peer)
    if called_ae != own_ae:
        return Refused("unknown called AE", CALLED_NOT_RECOGNISED)
    if calling_ae == own_ae and (address.is_loopback or peer == own_host):
        return Admitted("")
    if policy is None:
        return Refused(NOT_CONFIGURED, CONGESTED)
    return _by_device(policy, calling_ae, address)


def _by_device(
    policy: Policy, calling_ae: str, address: IPv4Address | IPv6Address
) -> Admitted | Refused:
    device = policy.devices.get(calling_ae)
    if device is not None and device.admits(address):
        return Admitted(device.hospital, device)
    if not policy.check_calling_ae:
        return Admitted(hospital.UNKNOWN)
    known = device is not None
    reason = "address not registered for this calling AE" if known else "unknown calling AE"
    return Refused(reason, CALLING_NOT_RECOGNISED)
