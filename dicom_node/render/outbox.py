"""What a reader is to be sent: what is newest instead of what was, and no faster than he takes it.

Frames wait until earlier ones have reached the screen; messages do not wait.
"""

import asyncio
import json
import struct
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

# Frames on their way that the reader has not told to have arrived: more would only be late.
CREDIT = 3
_MOST = 1000


class Outbox:
    """*send* puts on the line; *left* hears the header of each frame that has left.

    *overfull* is called when messages are not taken.
    """

    def __init__(
        self,
        send: Callable[[str | bytes], Awaitable[None]],
        left: Callable[[dict[str, Any]], None],
        overfull: Callable[[], None],
    ) -> None:
        self._send = send
        self._left = left
        self._overfull = overfull
        self._waiting: OrderedDict[Hashable, dict[str, Any] | tuple[dict[str, Any], bytes]] = (
            OrderedDict()
        )
        self._ready = asyncio.Event()
        self._sent = self._shown = 0

    def __contains__(self, key: Hashable) -> bool:
        return key in self._waiting

    def say(self, message: dict[str, Any], key: Hashable = None) -> None:
        """With a *key*, instead of one like it that has not left yet."""
        self._put(key or object(), message)

    def frame(self, key: Hashable, header: dict[str, Any], body: bytes) -> None:
        self._put(key, (header, body))

    def withdraw(self, key: Hashable) -> None:
        self._waiting.pop(key, None)

    def shown(self, number: int) -> None:
        """Frame *number* has reached the screen."""
        self._shown = min(max(self._shown, number), self._sent)
        self._ready.set()

    async def empty(self) -> None:
        """Send what comes, until cancelled."""
        while True:
            await self._ready.wait()
            self._ready.clear()
            for key in list(self._waiting):
                item = self._waiting.get(key)
                if isinstance(item, dict):
                    del self._waiting[key]
                    await self._send(text(item))
                elif item is not None and self._sent - self._shown < CREDIT:
                    del self._waiting[key]
                    await self._send_frame(*item)

    def _put(self, key: Hashable, item: dict[str, Any] | tuple[dict[str, Any], bytes]) -> None:
        if len(self._waiting) > _MOST:
            self._overfull()
        self._waiting[key] = item
        self._ready.set()

    async def _send_frame(self, header: dict[str, Any], body: bytes) -> None:
        self._sent += 1
        head = text({"type": "frame", "number": self._sent, **header}).encode()
        await self._send(struct.pack("<I", len(head)) + head + body)
        self._left(header)


def text(message: dict[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
