"""The private parts of pynetdicom that the node is built on: when one changes, this says which."""

import inspect
from importlib.metadata import version

from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import MODE_ACCEPTOR, Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.dul import DULServiceProvider
from pynetdicom.fsm import STATES, TRANSITION_TABLE
from pynetdicom.transport import AssociationServer, AssociationSocket, RequestHandler

WHY = "look through dicom_node/dimse/{server,connection,direct}.py before the version is raised"


def source(thing: object) -> str:
    return inspect.getsource(thing)  # type: ignore[arg-type]


def test_the_version_is_the_one_that_was_read() -> None:
    assert version("pynetdicom") == "3.0.4", WHY


def test_the_provider_reads_pdus_in_its_own_thread_through_the_method_that_is_overridden() -> None:
    assert "self._is_transport_event()" in source(DULServiceProvider.run_reactor), WHY
    assert "self._read_pdu_data()" in source(DULServiceProvider._is_transport_event), WHY
    read = source(DULServiceProvider._read_pdu_data)
    assert "self.socket.recv(6)" in read, WHY
    assert "self.socket.recv(pdu_length)" in read, WHY


def test_an_association_has_the_parts_that_are_replaced_and_asked() -> None:
    association = Association(ApplicationEntity("TEST"), MODE_ACCEPTOR)
    for name in (
        "_accepted_cx", "_reactor_checkpoint", "_server", "acse_timeout", "dimse", "dul",
        "network_timeout",
    ):  # fmt: skip
        assert name in dir(association), f"Association.{name}: {WHY}"
    for name in (
        "_idle_timer", "_kill_thread", "event_queue", "state_machine", "to_provider_queue",
        "to_user_queue",
    ):  # fmt: skip
        assert hasattr(association.dul, name), f"DULServiceProvider.{name}: {WHY}"
    for name in ("message", "msg_queue"):
        assert hasattr(association.dimse, name), f"DIMSEServiceProvider.{name}: {WHY}"
    assert "_reactor_checkpoint.wait()" in source(Association._run_reactor), WHY
    assert "self._serve_request(" in source(Association._run_reactor), WHY
    assert "self.msg_queue.put(" in source(DIMSEServiceProvider.receive_primitive), WHY


def test_the_state_machine_knows_the_events_that_are_put_into_its_queue() -> None:
    assert STATES["Sta6"] == "Association established and ready for data transfer", WHY
    assert STATES["Sta13"].startswith("Awaiting Transport Connection Close"), WHY
    assert 'current_state == "Sta13"' in source(DULServiceProvider._is_transport_event), WHY
    assert TRANSITION_TABLE["Evt17", "Sta6"] == "AA-4", f"connection closed: {WHY}"
    assert TRANSITION_TABLE["Evt19", "Sta6"] == "AA-8", f"invalid PDU: {WHY}"


def test_the_server_makes_associations_through_the_methods_that_are_overridden() -> None:
    assert "self._create_association()" in source(RequestHandler.handle), WHY
    for name in ("_bind_defaults", "get_request", "process_request"):
        assert hasattr(AssociationServer, name), f"AssociationServer.{name}: {WHY}"
    for name in ("ready", "recv", "send", "close"):
        assert hasattr(AssociationSocket, name), f"AssociationSocket.{name}: {WHY}"


def test_an_association_that_is_asked_for_is_bounded_through_the_methods_that_are_overridden() -> (
    None
):
    why = "look through dicom_node/retrieve/bounded.py before the version is raised"
    assert "self._create_socket(" in source(ApplicationEntity.associate), why
    assert "self.data_set" in source(DIMSEMessage.decode_msg), why
    assert "self.encoded_command_set" in source(DIMSEMessage.decode_msg), why
    assert "_handle_no_response()" in source(Association._wrap_get_move_responses), why
    assert "self.abort()" in source(Association._handle_no_response), why
    assert "EVT_PDU_RECV" in source(DULServiceProvider._decode_pdu), why
