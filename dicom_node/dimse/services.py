"""What devices may ask of a node that has the index and the store: to find, retrieve, commit."""

from collections.abc import Callable, Iterator
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom.ae import ApplicationEntity

from dicom_node.config import Config
from dicom_node.dimse import tls
from dicom_node.dimse.caller import Caller
from dicom_node.dimse.commitment import Commitments
from dicom_node.dimse.find import find
from dicom_node.dimse.index import Index
from dicom_node.dimse.policy import NOT_AUTHORISED, QUERY, Policy, peer_address
from dicom_node.dimse.procedure_step import Answer, ProcedureSteps
from dicom_node.dimse.retrieval import Retrieval
from dicom_node.dimse.server import StorageAssociation
from dicom_node.spool.spool import Spool
from dicom_node.store import stores


class Services:
    """*entity* asks others in the node's name; the associations that it opens are not served."""

    def __init__(
        self,
        config: Config,
        spool: Spool,
        entity: ApplicationEntity,
        policy: Callable[[], Policy | None],
    ) -> None:
        self._own_ae = config.dicom.ae_title
        self._policy = policy
        self._index = Index(config.index.dsn)
        kept = stores.FollowingStores(config)
        caller = Caller(entity, tls.outgoing(config.dicom))
        self._retrieval = Retrieval(self._index, kept, caller)
        self._commitments = Commitments(self._index, kept, spool, caller, policy)
        self._steps = ProcedureSteps(spool)

    def start(self) -> None:
        self._commitments.start()
        self._steps.start()

    def find(self, event: Any) -> Iterator[Any]:
        association = event.assoc
        device = association.device
        if device is None or QUERY not in device.roles:
            yield NOT_AUTHORISED, None
            return
        address = str(peer_address(association.requestor.address_info.address))
        yield from find(self._index, device, address, self._own_ae, event)

    def retrieve(self, association: StorageAssociation, request: Any, context: Any) -> None:
        policy = self._policy()
        if policy is not None:
            self._retrieval.serve(association, policy, request, context)

    def commit(self, event: Any) -> tuple[int, Dataset | None]:
        return self._commitments.accept(event)

    def create_step(self, event: Any) -> Answer:
        return self._steps.create(event)

    def change_step(self, event: Any) -> Answer:
        return self._steps.change(event)
