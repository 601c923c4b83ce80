"""Rendered frames and thumbnails (PS3.18 section 10.4.1.1.4): a bounded queue before decoders."""

import asyncio
import contextlib
import multiprocessing
import re
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from math import isfinite

from dicom_node import log
from dicom_node.config import Web
from dicom_node.web import draw
from dicom_node.web.draw import CannotDrawError, Drawing
from dicom_node.web.problem import bad_request, overloaded, unsupported

MAX_VIEWPORT = 8192
THUMBNAIL = 256
_DECIMAL = re.compile(
    r"[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE][+-]?[0-9]{1,3})?"
)


class Renderer:
    """Decoder processes that may crash, hang or eat memory without harm to anyone else."""

    def __init__(self, settings: Web) -> None:
        self.settings = settings
        self._waiting = 0
        # The time limit of a picture begins when a decoder is free for it.
        self._decoders = asyncio.Semaphore(settings.render_workers)
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self.settings.render_workers,
            multiprocessing.get_context("spawn"),
            draw.prepare,
            (self.settings.render_memory,),
        )

    def warm_up(self) -> None:
        """Start the decoders, which takes a second, before the first picture is asked for."""
        for _ in range(self.settings.render_workers):
            self._pool.submit(draw.ready)

    async def draw(self, drawing: Drawing) -> bytes:
        """Return the picture; raise `Problem` 406 when that fails, 503 when too many wait."""
        if self._waiting >= self.settings.render_queue + self.settings.render_workers:
            raise overloaded()
        self._waiting += 1
        try:
            async with self._decoders:
                try:
                    return await self._attempt(drawing)
                except BrokenProcessPool:
                    # Perhaps another picture broke the pool: this one gets a second chance.
                    return await self._attempt(drawing)
        except CannotDrawError as error:
            log.get().info("not_drawn", reason=str(error))
            raise unsupported("The picture cannot be decoded.") from error
        except (BrokenProcessPool, TimeoutError) as error:
            raise unsupported("The picture's decoder failed.") from error
        finally:
            self._waiting -= 1

    async def _attempt(self, drawing: Drawing) -> bytes:
        pool = self._pool
        try:
            future = asyncio.get_running_loop().run_in_executor(pool, draw.draw, drawing)
            return await asyncio.wait_for(future, self.settings.render_timeout)
        except (BrokenProcessPool, TimeoutError) as error:
            log.get().error("decoder_lost", reason=type(error).__name__)
            self._replace(pool)
            raise

    def _replace(self, pool: ProcessPoolExecutor) -> None:
        if pool is self._pool:
            self._pool = self._new_pool()
        _end(pool)

    def close(self) -> None:
        _end(self._pool)


def _end(pool: ProcessPoolExecutor) -> None:
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        with contextlib.suppress(OSError):
            process.kill()


def options(drawing: Drawing, parameters: Mapping[str, str], *, thumbnail: bool) -> Drawing:
    """*drawing* with the query parameters of PS3.18 section 8.3.5; raise `Problem` 400."""
    fit = (THUMBNAIL, THUMBNAIL) if thumbnail else None
    level, shown = drawing.quality, None
    if "viewport" in parameters:
        match = re.fullmatch(r"([0-9]{1,5}),([0-9]{1,5})", parameters["viewport"])
        if match is None or not all(1 <= int(side) <= MAX_VIEWPORT for side in match.groups()):
            raise bad_request(f"viewport: is not two numbers from 1 to {MAX_VIEWPORT}.")
        largest = draw.MAX_THUMBNAIL if thumbnail else MAX_VIEWPORT
        width, height = (min(int(side), largest) for side in match.groups())
        fit = (width, height)
    if "quality" in parameters:
        level = quality("quality", parameters["quality"])
    if "window" in parameters:
        parts = parameters["window"][:128].split(",")
        if not 2 <= len(parts) <= 3:
            raise bad_request("window: is not a center and a width.")
        if parts[2:] not in ([], ["linear"]):
            raise bad_request("window: only the linear function is drawn.")
        shown = window("window", parts[0].strip(), "window", parts[1].strip())
    return replace(drawing, fit=fit, quality=level, window=shown)


def whole_number(name: str, text: str, largest: int) -> int:
    """The value of the parameter *name*, from 1; raise `Problem` 400."""
    if not re.fullmatch(r"[0-9]{1,7}", text) or not 1 <= int(text) <= largest:
        raise bad_request(f"{name}: is no number from 1 to {largest}.")
    return int(text)


def quality(name: str, text: str) -> int:
    """The JPEG quality that the parameter *name* asks for; raise `Problem` 400."""
    return whole_number(name, text, 100)


def window(center_name: str, center: str, width_name: str, width: str) -> tuple[float, float]:
    """Center and width, in output units; raise `Problem` 400."""
    numbers = []
    for name, text in ((center_name, center), (width_name, width)):
        if not _DECIMAL.fullmatch(text) or not isfinite(float(text)):
            raise bad_request(f"{name}: is no decimal number.")
        numbers.append(float(text))
    if numbers[1] < 1:
        raise bad_request(f"{width_name}: the width is not at least 1.")
    return numbers[0], numbers[1]
