"""A worker: a process that draws, for the studies that the gateway gives it."""

import signal
import socket
import time

from vtkmodules.vtkCommonCore import vtkObject

from dicom_node import log
from dicom_node.render.bounds import bound
from dicom_node.render.desk import Desk
from dicom_node.render.link import Link
from dicom_node.render.shelf import Shelf

# Between two signs of life.
TICK = 1.0


def main(line: socket.socket, memory: int) -> None:
    """Draw until the gateway has gone; *memory* in bytes, without the volumes."""
    bound(memory)
    # The gateway closes the line when it ends.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    log.configure("render-worker")
    vtkObject.GlobalWarningDisplayOff()
    link = Link(line)
    try:
        _run(link, Desk(Shelf(memory), link.send))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _run(link: Link, desk: Desk) -> None:
    link.send({"is": "ready"})
    told = time.monotonic()
    while True:
        pause = desk.pause()
        for message in link.waiting(TICK if pause is None else min(TICK, pause)):
            desk.take(message)
        desk.work()
        if time.monotonic() - told >= TICK:
            link.send({"is": "alive"})
            told = time.monotonic()
