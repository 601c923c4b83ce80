"""What a worker keeps in memory: volumes, and what is worked out of them to draw them."""

from collections import OrderedDict
from collections.abc import Collection, Hashable
from pathlib import Path

from dicom_node.render.cutting import Cutting
from dicom_node.render.rays import Rays, Screen
from dicom_node.render.scene import Scene
from dicom_node.render.volume import Level, load

# Of a worker's memory, what may be spent on normals.
_SHARE = 0.6
# Volumes that nobody looks at now are kept for who comes back.
_SPARE = 2


class Shelf:
    """*memory* in bytes: of the whole process. What was used longest ago goes first."""

    def __init__(self, memory: int) -> None:
        self._limit = int(memory * _SHARE)
        self._screen: Screen | None = None
        self._scenes: OrderedDict[Path, Scene] = OrderedDict()
        self._rays: OrderedDict[Hashable, Rays] = OrderedDict()

    def scene(self, place: Path, used: Collection[Path]) -> Scene:
        """The volume that lies at *place*; those not *used* may have to go for it."""
        scene = self._scenes.get(place)
        if scene is None:
            scene = self._scenes[place] = Scene(load(place))
        self._scenes.move_to_end(place)
        idle = [one for one in self._scenes if one not in used and one != place]
        for one in idle[: max(0, len(idle) - _SPARE)]:
            del self._scenes[one]
            self.forget(one)
        return scene

    def rays(self, owner: Hashable, name: str, level: Level) -> Rays:
        key = (owner, name)
        rays = self._rays.get(key)
        if rays is None or rays.level is not level:
            if self._screen is None:
                self._screen = Screen()
            rays = self._rays[key] = Rays(level, self._screen)
        self._rays.move_to_end(key)
        while len(self._rays) > 1 and sum(one.bytes for one in self._rays.values()) > self._limit:
            self._rays.popitem(last=False)
        return rays

    def forget(self, owner: Hashable) -> None:
        """Let go what was worked out for *owner*."""
        for key in [key for key in self._rays if isinstance(key, tuple) and key[0] == owner]:
            del self._rays[key]


class Uncut:
    """A volume as it is, shared by all who look at it."""

    def __init__(self, shelf: Shelf, place: Path, scene: Scene) -> None:
        self._shelf = shelf
        self._place = place
        self._scene = scene

    def fine(self) -> Rays:
        return self._shelf.rays(self._place, "fine", self._scene.fine_level())

    def coarse(self) -> Rays:
        return self._shelf.rays(self._place, "coarse", self._scene.coarse_level())


class Cut:
    """A volume as one session has cut it."""

    def __init__(self, shelf: Shelf, session: int, cutting: Cutting) -> None:
        self._shelf = shelf
        self._session = session
        self._cutting = cutting

    def fine(self) -> Rays:
        return self._shelf.rays(self._session, "fine", self._cutting.fine.shown)

    def coarse(self) -> Rays:
        return self._shelf.rays(self._session, "coarse", self._cutting.coarse.shown)

    def changed(self) -> None:
        """Voxels were cut away or brought back."""
        self.fine().changed()
        self.coarse().changed()
