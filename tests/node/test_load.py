"""The web server under clients that go away, ask too much, or ask all at once."""

import asyncio
import socket
import time
import timeit
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest

from dicom_node.config import Web
from dicom_node.web import accept, draw
from dicom_node.web.draw import Drawing
from dicom_node.web.render import Renderer

from . import samples
from .sender import send
from .stack import Stack, wait_until

MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    "header", ["," * 4096, ',"' * 2048, ',""' * 1365, "a;" + " " * 4090, 'a;b="' + "x" * 4000]
)
def test_no_accept_header_takes_long_to_read(header: str) -> None:
    assert min(timeit.repeat(lambda: accept.parse(header), number=1, repeat=5)) < 0.02


def test_a_client_that_goes_away_is_not_sent_the_rest(stack: Stack) -> None:
    dataset = samples.image(Rows=8192, Columns=4096, PixelData=bytes(64 * MEGABYTE))
    send(stack.dicom_port, [samples.message(dataset)])
    stack.wait_archived()
    server = psutil.Process(stack.processes["web"].pid)
    count, before = 12, server.io_counters().read_chars
    for _ in range(count):
        with socket.create_connection(("127.0.0.1", stack.web_port), 10) as connection:
            connection.sendall(
                f"GET /dicom-web{samples.address(dataset)}/frames/1 HTTP/1.1\r\nHost: x\r\n"
                f"Authorization: Bearer {stack.ticket()}\r\n\r\n".encode()
            )
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    time.sleep(1)
    wait_until(
        lambda: not any(file.path.endswith(".dcm") for file in server.open_files()),
        "the files are closed",
    )
    read = server.io_counters().read_chars - before
    assert read < count * 20 * MEGABYTE, f"{read / MEGABYTE:.0f} MB read for nobody"


def slow(drawing: Drawing) -> bytes:
    time.sleep(0.8)
    return drawing.path.encode()


def test_who_waits_for_a_decoder_does_not_time_out_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(draw, "draw", slow)

    async def all_at_once() -> list[Any]:
        renderer = Renderer(Web("127.0.0.1", 1, "", render_workers=1, render_timeout=3))
        await asyncio.wrap_future(renderer._pool.submit(slow, Drawing("imports", 1)))
        try:
            drawings = [Drawing(str(number), 1) for number in range(6)]
            return await asyncio.gather(*map(renderer.draw, drawings), return_exceptions=True)
        finally:
            renderer.close()

    assert asyncio.run(all_at_once()) == [str(number).encode() for number in range(6)]


def test_many_who_ask_for_the_same_metadata_get_it(stack: Stack) -> None:
    slices = samples.slices(40)
    send(stack.dicom_port, map(samples.message, slices))
    stack.wait_archived()
    path = samples.address(slices[0]).split("/instances")[0] + "/metadata"
    ticket = stack.ticket()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: stack.get(path, ticket=ticket), range(24)))
    assert {answer.status_code for answer in answers} == {200}
    assert {len(answer.json()) for answer in answers} == {40}
    assert len(list(stack.root.glob("store/derived/**/*.json.gz"))) == 1
    assert not list(stack.root.glob("store/derived/**/*.part"))
