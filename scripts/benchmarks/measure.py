"""CPU time of process trees, and the table in which figures are printed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """What a piece of work took: wall seconds, and CPU seconds of the processes watched."""

    wall: float
    cpu: float


def measure(pids: Iterable[int], work: Callable[[], None]) -> Cost:
    """Run the work and charge these processes and all their children."""
    roots = list(pids)
    before, started = tree_cpu(roots), time.monotonic()
    work()
    return Cost(time.monotonic() - started, tree_cpu(roots) - before)


def peak_rss(roots: Iterable[int], work: Callable[[], None]) -> float:
    """Run the work; the most resident MB of these processes and their children meanwhile."""
    watched, highest, over = list(roots), [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            highest.append(sum(map(_rss, tree(watched))))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        work()
    finally:
        over.set()
        watching.join()
    return max(highest) / 1e6


def _rss(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0  # it ended meanwhile
    return pages * os.sysconf("SC_PAGE_SIZE")


def tree(roots: Iterable[int]) -> list[int]:
    """The processes and all their children."""
    found = list(roots)
    for pid in found:
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                found += map(int, path.read_text().split())
            except OSError:
                continue  # it ended meanwhile
    return found


def tree_cpu(roots: Iterable[int]) -> float:
    """User and system seconds of the processes, their living and their waited-for children."""
    children: dict[int, list[int]] = {}
    usage: dict[int, float] = {}
    for directory in Path("/proc").iterdir():
        if not directory.name.isdecimal():
            continue
        try:
            fields = (directory / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        pid = int(directory.name)
        children.setdefault(int(fields[1]), []).append(pid)
        usage[pid] = sum(map(int, fields[11:15])) / TICKS
    total, queue = 0.0, list(roots)
    while queue:
        pid = queue.pop()
        total += usage.get(pid, 0.0)
        queue += children.get(pid, [])
    return total


def table(rows: list[dict[str, object]]) -> str:
    """The rows as aligned text, the keys of the first as headings."""
    headings = list(rows[0])
    cells = [headings, *([_text(row[name]) for name in headings] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(headings))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in cells
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def _text(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
