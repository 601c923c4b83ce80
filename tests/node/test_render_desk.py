"""In which order a worker does what several readers ask of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dicom_node.render.desk import ACTIVE, Desk
from dicom_node.render.scene import Scene
from dicom_node.render.shelf import Shelf
from dicom_node.render.view import View

from .rendering import AXIAL, grid, sampled, volume

PLACE = Path("/nowhere")


class Office:
    """A desk with two readers of one volume; ``said`` is what it told, and time stands still."""

    def __init__(self) -> None:
        on = grid(AXIAL, (96, 96, 80), (1.5, 1.5, 1.6))
        shelf = Shelf(1 << 30)
        scene = Scene(volume(on, sampled(on)))
        shelf.scene = lambda _place, _used: scene  # type: ignore[method-assign]
        self.now = 0.0
        self.said: list[dict[str, Any]] = []
        self.desk = Desk(shelf, lambda message, _body: self.said.append(message), lambda: self.now)
        for session in (1, 2):
            self.desk.take({"do": "open", "session": session, "place": str(PLACE)})
        self.said.clear()

    def show(self, session: int, turn: int = 1) -> None:
        view = View("mpr", (64, 64), pixel=2.0, window=(0, 500)).as_json()
        self.desk.take({
            "do": "show", "session": session, "pane": 0, "seq": turn, "turn": turn,
            "moving": True, "view": view,
        })  # fmt: skip

    def capture(self, session: int) -> None:
        view = View("mpr", (64, 64), pixel=2.0, centre=(0.0, 0.0, 0.0)).as_json()
        self.desk.take({"do": "capture", "session": session, "index": 0, "view": view})

    def work_until(self, done: Callable[[], bool]) -> int:
        for count in range(1000):
            if done():
                return count
            self.desk.work()
        raise AssertionError("never")

    def told(self, kind: str) -> list[int]:
        return [one["session"] for one in self.said if one["is"] == kind]


@pytest.fixture
def office() -> Office:
    return Office()


def test_others_get_their_pictures_while_the_background_is_taken_away(office: Office) -> None:
    operation = {"name": "background"}
    office.desk.take({"do": "act", "session": 1, "seq": 7, "operation": operation})
    turns = 0
    while not office.told("answer"):
        turns += 1
        office.show(2, turns)
        assert office.desk.pause() == 0
        office.desk.work()
    # One picture a part, and more than a few parts.
    assert office.told("frame").count(2) == turns >= 5


def test_what_is_asked_is_done_in_the_order_of_coming(office: Office) -> None:
    for seq, name in enumerate(("background", "undo", "reset"), 1):
        operation = {"name": name}
        office.desk.take({"do": "act", "session": 1, "seq": seq, "operation": operation})
    office.work_until(lambda: len(office.told("answer")) == 3)
    answers = [one["answer"] for one in office.said if one["is"] == "answer"]
    assert [(one["seq"], one["count"]) for one in answers] == [(1, 1), (2, 0), (3, 0)]
    assert answers[0]["taken"] > 0


def test_pictures_that_are_kept_wait_for_readers_and_for_hands_at_rest(office: Office) -> None:
    office.show(2)
    office.capture(1)
    office.work_until(lambda: office.told("frame") == [2])
    # The fine picture is due when the hand rests; nothing is kept before it is there.
    assert office.desk.pause() > 0 and not office.told("captured")
    office.now = ACTIVE / 2
    office.work_until(lambda: office.desk.pause() != 0)
    assert office.told("frame") == [2, 2] and not office.told("captured")
    office.now = ACTIVE + 0.01
    assert office.desk.pause() == 0
    office.work_until(lambda: office.told("captured") == [1])
    assert office.desk.pause() is None


def test_pictures_that_are_kept_wait_for_what_is_being_cut_away(office: Office) -> None:
    office.desk.take({"do": "act", "session": 1, "seq": 1, "operation": {"name": "background"}})
    office.capture(1)
    office.capture(2)
    office.work_until(lambda: office.told("captured") == [2, 1])
    kinds = [one["is"] for one in office.said if one["session"] == 1]
    assert kinds == ["answer", "captured"]
