"""Associations that the node asks for itself, with devices that listen."""

from collections.abc import Callable, Sequence
from ssl import SSLContext
from typing import Any

from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.events import EVT_C_STORE

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
        store: Callable[[Any], Any] | None = None,
    ) -> Association:
        """An association, established or not; *store* takes what comes on it by C-STORE."""
        return self._entity.associate(
            device.host,
            device.port,
            contexts=list(contexts),
            ae_title=device.ae_title,
            ext_neg=list(roles),
            evt_handlers=[(EVT_C_STORE, store)] if store is not None else [],
            tls_args=(self._tls, device.host) if device.tls else None,
        )
