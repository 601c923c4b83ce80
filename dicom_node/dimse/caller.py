"""Associations that the node asks for itself, with devices that listen."""

from collections.abc import Sequence
from ssl import SSLContext
from typing import Any

from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association

from dicom_node.dimse.policy import Device


class Caller:
    """Calls as *entity*; under *tls* whoever wants it (`tls.outgoing`)."""

    def __init__(self, entity: ApplicationEntity, tls: SSLContext) -> None:
        self._entity = entity
        self._tls = tls

    def associate(
        self,
        device: Device,
        contexts: Sequence[Any],
        roles: Sequence[Any] = (),
        handlers: Sequence[tuple[Any, Any]] = (),
    ) -> Association:
        """An association, established or not; *handlers* are pynetdicom's, by event."""
        return self._entity.associate(
            device.host,
            device.port,
            contexts=list(contexts),
            ae_title=device.ae_title,
            ext_neg=list(roles),
            evt_handlers=list(handlers),
            tls_args=(self._tls, device.host) if device.tls else None,
        )
