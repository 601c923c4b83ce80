"""The index away: instances wait, pages say so, and all goes on when it is back."""

import time

import psycopg
import pytest

from node import samples
from node.sender import send
from node.stack import ADMIN_DSN, PROCESSES, Stack, wait_until


def set_away(stack: Stack, *, away: bool) -> None:
    with psycopg.connect(ADMIN_DSN, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{stack.database}" ALLOW_CONNECTIONS {not away}')
        if away:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                (stack.database,),
            )


@pytest.mark.req("ARC-4.6", part=True)
def test_instances_are_taken_in_while_postgresql_is_away(stack: Stack) -> None:
    stack.start_all()
    stack.wait_configured("CT_A")
    first = samples.image()
    send(stack.dicom_port, [samples.message(first)])
    stack.wait_archived()
    ticket = stack.ticket()
    assert stack.get("/studies", ticket=ticket).status_code == 200
    set_away(stack, away=True)
    try:
        datasets = samples.slices(10)
        answers = send(stack.dicom_port, map(samples.message, datasets))
        assert [answer and answer.status for answer in answers] == [0] * 10
        answer = stack.get("/studies", ticket=ticket)
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
        frames = stack.get(f"{samples.address(first)}/frames/1", ticket=ticket)
        assert frames.status_code == 503, "what cannot be recorded is not answered"
        time.sleep(3)
        assert len(list(stack.root.glob("spool/H001/*.dcm"))) == 10
    finally:
        set_away(stack, away=False)
    stack.wait_archived()
    assert stack.query("SELECT count(*) FROM archive.instance") == [(11,)]
    wait_until(
        lambda: stack.get("/studies", ticket=ticket).status_code == 200,
        "searches are answered again",
        20,
    )
    for name in PROCESSES:
        assert stack.processes[name].poll() is None
