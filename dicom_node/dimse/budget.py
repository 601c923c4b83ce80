"""How many bytes of instances the receiver holds in memory, over all associations."""

import threading


class Budget:
    """Has whoever receives wait while all together hold more than *limit* bytes.

    Who has held something longest never waits: it gets done, and makes room. So the limit is
    passed by no more than one instance.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held: dict[object, int] = {}
        self._changed = threading.Condition()

    def hold(self, owner: object, size: int, patience: float) -> bool:
        """Say that *owner* holds *size* bytes; False when there was no room in *patience* s."""
        with self._changed:
            if size:
                self._held[owner] = size
            return self._changed.wait_for(lambda: self._has_room(owner), patience)

    def _has_room(self, owner: object) -> bool:
        if owner not in self._held or sum(self._held.values()) <= self.limit:
            return True
        return next(iter(self._held)) is owner

    def release(self, owner: object) -> None:
        """Say that *owner* holds nothing any more."""
        with self._changed:
            self._held.pop(owner, None)
            self._changed.notify_all()
