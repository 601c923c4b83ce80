"""The receiver comes back by itself, whatever stopped it, and says that it had to (ARC-4.4)."""

import ctypes
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from node import raw, samples
from node.sender import send
from node.stack import Stack, wait_until

INTERVAL = 0.5
EXIT_STUCK = 75


class Supervisor(threading.Thread):
    """Starts the receiver again whenever it ends, as supervisord and systemd do."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(daemon=True)
        self.stack = stack
        self.codes: list[int] = []
        self.over = False

    def run(self) -> None:
        while not self.over:
            code = self.stack.processes["receive"].poll()
            if code is not None:
                self.codes.append(code)
                self.stack.start("receive")
            time.sleep(0.1)


@pytest.fixture
def supervised(stack: Stack) -> Iterator[Supervisor]:
    stack.environment["YUNYING_NODE_DICOM_WATCHDOG_SECONDS"] = str(INTERVAL)
    stack.start("receive")
    stack.wait_ready("receive")
    stack.wait_configured("CT_A")
    wait_until(lambda: watchdogs(stack), "the watchdog is there")
    supervisor = Supervisor(stack)
    supervisor.start()
    yield supervisor
    supervisor.over = True
    supervisor.join()


def watchdogs(stack: Stack) -> list[psutil.Process]:
    return psutil.Process(stack.processes["receive"].pid).children()


def sends(stack: Stack) -> bool:
    (answer,) = send(stack.dicom_port, [samples.message(samples.image())])
    return answer is not None and answer.status == 0


def assert_back(supervisor: Supervisor, code: int, reason: str) -> None:
    stack = supervisor.stack
    wait_until(lambda: supervisor.codes, "it ends", 40)
    assert supervisor.codes == [code]
    wait_until(lambda: sends(stack), "instances are received again", 20)
    report = wait_until(
        lambda: (r := stack.portal_report())["restarts"] == 1 and r, "the restart is reported"
    )
    assert report["last_exit"].startswith(reason)
    wait_until(lambda: watchdogs(stack), "the watchdog is there again")


@pytest.mark.req("ARC-4.4")
def test_a_frozen_receiver_is_ended_and_starts_again(supervised: Supervisor) -> None:
    assert sends(supervised.stack)
    os.kill(supervised.stack.processes["receive"].pid, signal.SIGSTOP)
    assert_back(supervised, -signal.SIGKILL, "stuck: ")
    alarms = [line for line in supervised.stack.log("receive") if line["event"] == "alarm"]
    assert alarms[0]["what"] == "the receiver is stuck and is ended"


@pytest.mark.req("ARC-4.4", part=True)
def test_a_receiver_that_is_told_it_is_stuck_ends_with_a_code_of_its_own(
    supervised: Supervisor,
) -> None:
    os.kill(supervised.stack.processes["receive"].pid, signal.SIGUSR1)
    assert_back(supervised, EXIT_STUCK, "")


@pytest.mark.req("ARC-4.4", part=True)
def test_a_listener_that_dies_is_opened_again(supervised: Supervisor) -> None:
    """The socket is taken away from outside: the process lives on, with its associations."""
    stack = supervised.stack
    with raw.connect(stack.dicom_port) as connection:
        shut_down_listener(stack)
        wait_until(lambda: "a listener died" in log_of(stack), "it is noticed", 5)
        wait_until(lambda: sends(stack), "instances are received again", 10)
        message = samples.message(samples.image())
        connection.sendall(raw.store_request(1, message.sop_instance))
        connection.sendall(raw.data(message.data, last=True))
        assert raw.status(connection) == 0, "the association goes on"
    assert supervised.codes == []


def log_of(stack: Stack) -> str:
    return (stack.root / "receive.log").read_text()


def shut_down_listener(stack: Stack) -> None:
    """pidfd_open(2) and pidfd_getfd(2), which Python does not have: a copy of its socket."""
    process = stack.processes["receive"].pid
    connections = psutil.Process(process).net_connections()
    descriptor = next(c.fd for c in connections if c.status == psutil.CONN_LISTEN)
    call = ctypes.CDLL(None, use_errno=True).syscall
    copy = call(438, os.pidfd_open(process), descriptor, 0)
    if copy < 0:
        pytest.skip(f"pidfd_getfd is not permitted here: {os.strerror(ctypes.get_errno())}")
    with socket.socket(fileno=copy) as listener:
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.req("ARC-4.4", part=True)
def test_a_killed_receiver_starts_again_and_says_so(supervised: Supervisor) -> None:
    watchdog = watchdogs(supervised.stack)[0]
    supervised.stack.processes["receive"].kill()
    assert_back(supervised, -signal.SIGKILL, "killed or crashed")
    wait_until(
        lambda: not watchdog.is_running() or watchdog.status() == psutil.STATUS_ZOMBIE,
        "the watchdog went with whom it watched",
    )


def test_a_killed_watchdog_is_replaced(supervised: Supervisor) -> None:
    (watchdog,) = watchdogs(supervised.stack)
    watchdog.kill()
    wait_until(
        lambda: (now := watchdogs(supervised.stack)) and now[0].pid != watchdog.pid, "a new one"
    )
    assert sends(supervised.stack)
    assert supervised.codes == []


def test_a_receiver_with_all_associations_taken_is_left_alone(stack: Stack) -> None:
    stack.start(
        "receive",
        YUNYING_NODE_DICOM_WATCHDOG_SECONDS="0.2",
        YUNYING_NODE_DICOM_MAX_ASSOCIATIONS="0",
    )
    stack.wait_ready("receive")
    stack.wait_configured("CT_A")
    assert not sends(stack)
    time.sleep(3)
    assert stack.processes["receive"].poll() is None
    assert not [line for line in stack.log("receive") if line["event"] == "no_echo"]


def test_an_end_that_was_asked_for_is_no_restart(stack: Stack) -> None:
    stack.start("receive")
    stack.wait_ready("receive")
    assert stack.stop("receive") == 0
    stack.start("receive")
    stack.wait_ready("receive")
    report = stack.portal_report()
    assert (report["restarts"], report["last_exit"]) == (0, "")
    assert not [line for line in stack.log("receive") if line["event"] == "alarm"]
